"""An operator sees what is late and what is dead, by the codes of the branches."""

import asyncio
import json
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from commanding import beside
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.main.cli import main
from pinakes.platform.carrier import Listeners, carry
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Ahead, Event, LastNumber, Message, Outbox, emit

pytestmark = pytest.mark.anyio

type Say = Callable[..., Result]


class DoorOpened(Event, frozen=True):
    pass


@pytest.fixture
def say(settings: Settings) -> Iterator[Say]:
    """The command ``pinakes messages``."""
    with beside(settings):
        yield lambda *words: CliRunner().invoke(main, ["messages", *map(str, words)])


@pytest.fixture
async def letter(database: Database, tenant: Tenant, neighbour: Tenant) -> UUID:
    """One dead letter from *tenant* to *neighbour*."""
    await open_door(database, tenant, neighbour)
    async with public_work(database.carrier) as session:
        [id] = await session.scalars(
            update(Outbox)
            .where(Outbox.tenant_id == tenant.id)
            .values(state="dead", failure="RuntimeError")
            .returning(Outbox.id)
        )
    return id


async def test_a_dead_letter_is_listed_and_tried_again(
    say: Say, letter: UUID, tenant: Tenant, neighbour: Tenant
) -> None:
    listed = await asyncio.to_thread(say, "list", "--json")
    [seen] = [one for one in json.loads(listed.output)["items"] if one["id"] == str(letter)]
    assert (seen["sender"], seen["receiver"], seen["failure"]) == (
        tenant.code,
        neighbour.code,
        "RuntimeError",
    )
    late = await asyncio.to_thread(say, "lag", "--json")
    [pair] = [one for one in json.loads(late.output)["items"] if one["sender"] == tenant.code]
    assert (pair["receiver"], pair["waiting"], pair["dead"]) == (neighbour.code, 0, 1)
    assert pair["seconds"] >= 0
    assert tenant.code in (await asyncio.to_thread(say, "lag")).output
    assert (await asyncio.to_thread(say, "replay", letter)).exit_code == 0
    again = await asyncio.to_thread(say, "replay", letter)
    assert (again.exit_code, "pinakes messages list" in again.output) == (1, True)


async def test_replay_wants_to_know_which(say: Say) -> None:
    assert (await asyncio.to_thread(say, "replay")).exit_code == 2


async def test_a_restored_branch_is_told_again_what_it_has_forgotten(
    say: Say, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    heard: list[UUID] = []

    async def hear(session: AsyncSession, event: DoorOpened, message: Message) -> None:
        heard.append(event.about)

    listeners: Listeners = {"DoorOpened": (DoorOpened, [hear])}
    async with unit_of_work(database.app, tenant.id) as session:
        emit(session, DoorOpened(about=(about := uuid4())), to=neighbour.id)
    await all_carried(database, listeners)
    async with public_work(database.carrier) as session:
        await session.execute(delete(Ahead).where(Ahead.tenant_id == neighbour.id))
    for words, times in ((["--dry-run"], 1), ([], 2)):
        told = await asyncio.to_thread(say, "replay", "--to", neighbour.code, *words)
        assert (told.exit_code, f"{tenant.code}: 1 message\n" in told.output) == (0, True), told
        await all_carried(database, listeners)
        assert heard.count(about) == times


async def all_carried(database: Database, listeners: Listeners) -> None:
    """What other tests have left comes in batches before ours."""
    while await carry(database, listeners):
        pass


async def test_it_is_told_what_others_know_of_a_restored_branch(
    say: Say, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await open_door(database, tenant, neighbour)
    await carry(database, {})
    async with public_work(database.carrier) as session:
        await session.execute(delete(Outbox).where(Outbox.tenant_id == tenant.id))
        await session.execute(delete(LastNumber).where(LastNumber.tenant_id == tenant.id))
        session.add(Ahead(tenant_id=neighbour.id, sender=tenant.id, seq=3))
    await open_door(database, tenant, neighbour)
    told = await asyncio.to_thread(say, "replay", "--to", tenant.code, "--dry-run")
    for words in (
        f"{neighbour.code}: knows 2 messages that {tenant.code} has forgotten",
        "counts on above 3",
        "1 message never arrived",
        "1 message may be heard twice",
    ):
        assert words in told.output, told.output


async def open_door(database: Database, tenant: Tenant, to: Tenant) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        emit(session, DoorOpened(about=uuid4()), to=to.id)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--to", "{here}", "--since", "2026-01-01T00:00"], "other cells"),
        (["--to", "{here}", "--above", "nobody"], "CODE=N"),
        (["--to", "{here}", "--all"], "Name the letters"),
        (["--all", "--dry-run"], "go with --to"),
        (["--to", "no-such-branch"], "no_such_branch"),
    ],
)
async def test_what_cannot_be_replayed_is_refused(
    say: Say, tenant: Tenant, words: list[str], says: str
) -> None:
    told = await asyncio.to_thread(say, "replay", *(one.format(here=tenant.code) for one in words))
    assert (told.exit_code != 0, says in told.output) == (True, True), told.output
