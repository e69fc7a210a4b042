"""What one branch keeps to itself is in nothing that leaves the house: mail, file, search, key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import asyncpg
import pytest
from books import begin, book, file_of, performed
from finding import settle
from lending import enrol
from mint import Mint
from posting import Posting, PostOffice, Receiver, opened, reach
from promises.robbed import CANARY, CURIOUS, ROBBED, Scene, robbed
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices import rendering
from pinakes.federation.notices.machine import Channel
from pinakes.federation.notices.sending import Courier
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.mail import MailServer
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue import exporting, service, takeout
from pinakes.tenants.catalogue.giving import ExportWish, Form, What
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.registry import placement
from pinakes.tenants.registry.settings import decide

pytestmark = pytest.mark.anyio

AWS: Any = import_module("boto3")  # it has no types
SHOWN, SECRET = "石头记", f"canary-{ROBBED}-kept"
WORDS = {"zh": {"subject": SECRET, "body": SECRET}, "en": {"subject": SECRET, "body": SECRET}}
WISHES = (
    ExportWish(gone=True),
    ExportWish(format=Form.MARCXML),
    ExportWish(what=What.AUTHORITIES),
    ExportWish(format=Form.ITEMS),
)


@dataclass
class House:
    """The scene, its database, and the two branches."""

    scene: Scene
    database: Database
    robbed: Tenant
    curious: Tenant


@pytest.fixture(scope="module")
async def house(
    anyio_backend: str,
    settings: Settings,
    postgres: Postgres,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    """Both branches hold a title; one hides another, and words its notices with the secret."""
    search = tmp_path_factory.mktemp("search")
    async with robbed(settings, postgres, "canaries", search) as scene:
        state = scene.app.state
        house = House(
            scene, state.database, state.directory.ids[ROBBED], state.directory.ids[CURIOUS]
        )
        await without_strays(scene)
        for branch in (house.robbed, house.curious):
            await moved_in(house.database, branch)
        await begin(house.database, house.curious, file_of(book(title=SHOWN, items=["F1"])))
        both = book(title=SHOWN, items=["F1"]), book("2", SECRET, items=["F2"])
        await begin(house.database, house.robbed, file_of(*both))
        await performed(house.database)
        await hide(house)
        async with public_work(house.database.public) as public:
            await decide(public, ROBBED, "notice.ready", WORDS)
        yield house


async def hide(house: House) -> None:
    """Let the robbed branch hide its title of that name, and the index hear of it."""
    titled = CatalogueRecord.title_fields["title"].astext
    async with unit_of_work(house.database.app, ROBBED) as session:
        [id] = await session.scalars(select(CatalogueRecord.id).where(titled == SECRET))
        await service.suppress(session, id, True)
    await settle(house.database, house.scene.app.state.settings.search)


async def without_strays(scene: Scene) -> None:
    """What was planted in queues, as an address and as a record is nothing to work with."""
    owner = await asyncpg.connect(scene.postgres.address("postgres", scene.database))
    for table in ("outbox", "job_due", "notice_due", "placement", "record"):
        await owner.execute(f"DELETE FROM {table}")
    await owner.close()


async def moved_in(database: Database, branch: Tenant) -> None:
    mine = placement.first_placement(branch.code)
    await objects().make_bucket(mine)
    async with unit_of_work(database.app, branch.id) as session:
        await placement.place(session, mine)


async def mail(house: House, mint: Mint) -> bytes:
    """All that the curious branch's reader gets, after the robbed one's has got the same notice."""
    async with opened(PostOffice()) as office, opened(Receiver()) as receiver:
        server = MailServer("127.0.0.1", office.port, "none", "", "", "library@example.net")
        render = rendering.Renderer(house.scene.app.state.directory, "http://pinakes.test")
        courier = Courier(house.database, render, server, inside=True)
        for branch in (house.robbed, house.curious):
            office.words.clear()
            receiver.calls.clear()
            reader = await enrol(house.database, branch)
            await reach(house.database, reader)
            posting = Posting(house.database, branch, reader, courier, office, receiver)
            await posting.hook()
            assert await posting.tell() == 2
            for channel in Channel:
                await posting.round(channel)
            assert office.letters
            assert receiver.calls
        return b"".join([str(office.letters[-1]).encode(), repr(receiver.calls).encode()])


async def files(house: House, mint: Mint) -> bytes:
    """Every export of the curious branch, and what it would take along on leaving."""
    found: list[bytes] = []
    async with unit_of_work(house.database.app, CURIOUS) as session:
        ids = [(await exporting.start_export(session, wish)).id for wish in WISHES]
        packed = (await takeout.start_takeout(session)).id
        mine = await placement.store(session, objects())
    await performed(house.database)
    for id in ids:
        found.append(await mine.get(exporting.key_of_export(id)))
    with ZipFile(BytesIO(await mine.get(exporting.key_of_export(packed)))) as whole:
        found += [whole.read(name) for name in whole.namelist()]
    assert SHOWN.encode() in b"".join(found)
    return b"".join(found)


async def search(house: House, mint: Mint) -> bytes:
    """What the secret's words and a title of both find, here and everywhere."""
    headers, found = mint.staff("desk@curious"), list[str]()
    for catalogue in ("/v1/b/curious/catalogue", "/v1/catalogue"):
        for word in (SECRET, "canary", "kept", SHOWN):
            for kind in ("search", "facets", "suggestions"):
                answer = await house.scene.client.get(
                    f"{catalogue}/{kind}", params={"q": word}, headers=headers
                )
                assert answer.status_code == 200, answer.text
                found.append(answer.text)
    assert SHOWN in "".join(found)
    return "".join(found).encode()


async def keys(house: House, mint: Mint) -> bytes:
    """The name of every file in the object store; both branches have sent one and made one."""
    for branch in (house.robbed, house.curious):
        async with unit_of_work(house.database.app, branch.id) as session:
            mine = await placement.store(session, objects())
            sent = await service.uploaded(session, f"{SECRET}.mrc", len(SECRET))
            await mine.put(service.key_of_upload(sent), BytesIO(SECRET.encode()))
            await exporting.start_export(session, ExportWish())
    await performed(house.database)
    return "\n".join(await asyncio.to_thread(listed)).encode()


def listed() -> list[str]:
    """Bucket and key of all files."""
    store = objects()
    told = {"endpoint_url": store.endpoint, "region_name": store.region}
    keys = {"aws_access_key_id": store.keys.key, "aws_secret_access_key": store.keys.secret}
    client: Any = AWS.client("s3", **told, **keys)
    buckets = [one["Name"] for one in client.list_buckets()["Buckets"]]
    assert {"branch-robbed", "branch-curious"} <= {*buckets}
    pages = [(one, client.list_objects_v2(Bucket=one)) for one in buckets]
    found = [
        f"{bucket}/{file['Key']}" for bucket, page in pages for file in page.get("Contents", [])
    ]
    client.close()
    return found


LOOKS: dict[str, Callable[[House, Mint], Awaitable[bytes]]] = {
    "mail": mail,
    "files": files,
    "search": search,
    "keys": keys,
}


@pytest.mark.parametrize("channel", LOOKS)
async def test_a_word_that_a_branch_keeps_is_not_in_what_others_get(
    channel: str, house: House, mint: Mint
) -> None:
    assert not CANARY.search((await LOOKS[channel](house, mint)).decode())


async def test_words_kept_by_kind_alone_would_be_found_in_the_mail(
    house: House, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, kept = rendering.decided_at, dict[str, Any]()

    async def forgetful(session: AsyncSession, home: Tenant, kind: str) -> Any:
        if kind not in kept:
            kept[kind] = await real(session, home, kind)
        return kept[kind]

    monkeypatch.setattr(rendering, "decided_at", forgetful)
    assert CANARY.search((await mail(house, mint)).decode())


async def test_a_policy_that_lets_all_through_would_be_found_in_the_files(
    house: House, mint: Mint
) -> None:
    owner = await asyncpg.connect(house.scene.postgres.address("pinakes", house.scene.database))
    policy = "ALTER POLICY tenant ON record USING"
    try:
        await owner.execute(f"{policy} (true)")
        assert CANARY.search((await files(house, mint)).decode())
    finally:
        await owner.execute(f"{policy} (tenant_id = (SELECT pinakes_tenant()))")
        await owner.close()


async def test_what_is_told_though_hidden_would_be_found_by_the_search(
    house: House, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = service.DESCRIBED.replace("NOT (suppressed OR withdrawn)", "true")
    with monkeypatch.context() as fault:
        fault.setattr(service, "DESCRIBED", told)
        await hide(house)
        assert CANARY.search((await search(house, mint)).decode())
    await hide(house)


async def test_a_key_made_of_a_name_would_be_found_in_the_store(
    house: House, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(_: UUID) -> str:
        return f"uploads/{SECRET}.mrc"

    monkeypatch.setattr(service, "key_of_upload", named)
    assert CANARY.search((await keys(house, mint)).decode())
