"""The same key and the same body get the same answer; nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from litestar import Controller, Litestar, post
from litestar.params import JSONBody
from mint import Mint
from msgspec import Struct
from sqlalchemy import func, select, text, update

from pinakes.main.app import create_app, dress
from pinakes.main.rights import RIGHTS
from pinakes.platform.audit import Audit, note
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import Conflict
from pinakes.platform.feature import Feature
from pinakes.platform.http import Session
from pinakes.platform.identity import Role
from pinakes.platform.replies import Reply, forget_old, once
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio


class Bell(Struct):
    tone: str


class Rung(Struct):
    id: UUID
    tone: str


class Bells(Controller):
    path = "/bells"

    @post()
    @once
    async def ring(self, data: JSONBody[Bell], session: Session) -> Rung:
        if data.tone == "none":
            raise Conflict("A bell has a tone.")
        if data.tone == "stray":
            session.add(Item(record_id=uuid7(), barcode="b", kind="book"))
        note(session, "bell.rung", data.tone)
        return Rung(uuid7(), data.tone)


@pytest.fixture
async def bells(
    app: Litestar, settings: Settings, tenant: Tenant, mint: Mint
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the desk of a house with bells."""
    rights = {**RIGHTS, "bells.ring": frozenset({Role.DESK})}
    house = create_app(settings, [Feature(name="bells", routes=[Bells])], rights)
    async with (
        house.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=dress(house)),
            base_url=f"http://pinakes.test/v1/b/{tenant.code}",
            headers=mint.staff(f"desk@{tenant.code}", subject="ada"),
        ) as client,
    ):
        yield client


async def ring(
    client: httpx.AsyncClient, key: str | None, tone: str = "low", **headers: str
) -> httpx.Response:
    keyed = {"Idempotency-Key": key} if key is not None else {}
    return await client.post("/bells", json={"tone": tone}, headers=keyed | headers)


async def rung(database: Database, tenant: Tenant) -> int:
    async with unit_of_work(database.app, tenant.id) as session:
        return await session.scalar(select(func.count()).select_from(Audit)) or 0


async def test_a_repeated_key_gets_the_first_answer(
    bells: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    first, again = await ring(bells, "k"), await ring(bells, "k")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert await rung(database, tenant) == 1


async def test_another_body_under_the_same_key_is_refused(bells: httpx.AsyncClient) -> None:
    await ring(bells, "k")
    answer = await ring(bells, "k", "high")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


async def test_without_a_key_everything_is_new(
    bells: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    await ring(bells, None)
    await ring(bells, None)
    assert await rung(database, tenant) == 2


async def test_a_refusal_is_not_kept(bells: httpx.AsyncClient) -> None:
    assert (await ring(bells, "k", "none")).status_code == 409
    assert (await ring(bells, "k", "low")).status_code == 201


async def test_what_the_handler_could_not_write_is_told_as_it_is(bells: httpx.AsyncClient) -> None:
    answer = await ring(bells, "k", "stray")
    assert (answer.status_code, answer.json()["code"]) == (409, "link_refused")


async def test_the_key_is_the_subjects_own(
    bells: httpx.AsyncClient, database: Database, tenant: Tenant, mint: Mint
) -> None:
    await ring(bells, "k")
    eve = mint.staff(f"desk@{tenant.code}", subject="eve")
    assert (await ring(bells, "k", **eve)).status_code == 201
    assert await rung(database, tenant) == 2


async def test_twins_at_the_same_moment_ring_once(
    bells: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    answers = await asyncio.gather(*(ring(bells, "k") for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency_key_busy"}
    assert await rung(database, tenant) == 1
    assert (await ring(bells, "k")).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_that_is_none_is_refused(bells: httpx.AsyncClient, key: str) -> None:
    answer = await ring(bells, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")


async def test_after_thirty_days_an_answer_is_forgotten(
    bells: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    await ring(bells, "old")
    async with unit_of_work(database.app, tenant.id) as session:
        month = text("now() - interval '31 days'")
        await session.execute(update(Reply).values(created_at=month))
    await ring(bells, "new")
    await forget_old(database)
    async with unit_of_work(database.app, tenant.id) as session:
        assert await session.scalar(select(func.count()).select_from(Reply)) == 1


async def test_a_key_with_another_query_is_another_request(bells: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "trial"}
    answers = [
        await bells.post(f"/bells{query}", json={"tone": "C"}, headers=key)
        for query in ("?dry_run=true", "?dry_run=true", "")
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[2].json()["code"] == "idempotency_key_reused"
