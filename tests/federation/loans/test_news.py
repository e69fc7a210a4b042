"""News of loans: all that has come for a home branch is one call, and each of it counts once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from lending import Bearer, enrol
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans import TOLD, listeners
from pinakes.federation.loans.models import Borrowed
from pinakes.platform.carrier import Listeners, Run, apply, carry, claim
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Event, Heard, Outbox, Together, emit
from pinakes.tenants.circulation.events import LoanClosed, LoanOpened, LoanRecalled, LoanRenewed
from pinakes.tenants.readers.models import Standing

pytestmark = pytest.mark.anyio

KINDS = (LoanOpened, LoanRenewed, LoanRecalled, LoanClosed)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=9)


def roads(told: Together) -> Listeners:
    return {kind.__name__: (kind, (told,)) for kind in KINDS}


async def refuse(session: AsyncSession, heard: Heard[Event]) -> None:
    pytest.fail("the lean road would have done")


LEAN, ORDINARY = roads(TOLD), roads(Together(listeners.told))
ALONE = roads(Together(refuse, TOLD.lean))
BOTH = pytest.mark.parametrize("road", [LEAN, ORDINARY], ids=["lean", "ordinary"])


@pytest.fixture(autouse=True)
async def nothing_waits(database: Database) -> None:
    while await carry(database, {}):
        pass


@pytest.fixture
async def readers(database: Database, tenant: Tenant) -> list[Bearer]:
    return [await enrol(database, tenant) for _ in range(2)]


def opened(reader: UUID, loan: UUID, due_at: datetime = LATER) -> LoanOpened:
    return LoanOpened(
        about=reader, loan=loan, barcode="T1", title="红楼梦", lent_at=NOON, due_at=due_at
    )


def closed(reader: UUID, loan: UUID, outcome: str | None = None) -> LoanClosed:
    return LoanClosed(about=reader, loan=loan, returned_at=LATER, outcome=outcome)


async def told(
    database: Database, sender: Tenant, receiver: Tenant, *events: Event
) -> Sequence[Run]:
    """What the carrier brings the receiver of these."""
    async with unit_of_work(database.app, sender.id) as session:
        for event in events:
            emit(session, event, to=receiver.id)
    return await claim(database)


async def known(database: Database, home: Tenant) -> dict[UUID, Borrowed]:
    async with unit_of_work(database.app, home.id) as session:
        return {row.id: row for row in await session.scalars(select(Borrowed))}


async def held(database: Database, home: Tenant) -> dict[UUID, int]:
    """How many loans each reader has, as lending branches are told."""
    async with unit_of_work(database.app, home.id) as session:
        return {row.person_id: row.open_loans for row in await session.scalars(select(Standing))}


@pytest.mark.parametrize("road", [ALONE, ORDINARY], ids=["lean", "ordinary"])
async def test_what_comes_at_once_is_heard_in_the_order_it_was_told(
    database: Database, tenant: Tenant, neighbour: Tenant, readers: list[Bearer], road: Listeners
) -> None:
    one, two = (reader.person for reader in readers)
    ended, kept, recalled = uuid4(), uuid4(), uuid4()
    mail = await told(
        database, neighbour, tenant,
        opened(one, ended), opened(two, kept), opened(two, recalled),
        LoanRenewed(about=one, loan=ended, due_at=LATER + timedelta(days=1), renewals=1),
        LoanRecalled(about=two, loan=recalled, title="红楼梦", due_at=NOON),
        closed(one, ended, "lost"), opened(one, ended),
    )  # fmt: skip
    await apply(database, road, mail)
    rows = await known(database, tenant)
    assert {id: (row.returned_at, row.outcome, row.renewals) for id, row in rows.items()} == {
        ended: (LATER, "lost", 1), kept: (None, None, 0), recalled: (None, None, 0),
    }  # fmt: skip
    assert (rows[ended].due_at, rows[recalled].due_at) == (LATER + timedelta(days=1), NOON)
    assert await held(database, tenant) == {one: 0, two: 2}


async def test_what_was_applied_in_part_is_applied_to_its_end(
    database: Database, tenant: Tenant, neighbour: Tenant, readers: list[Bearer]
) -> None:
    """The worker dies after the first of two; then both come again."""
    one, loan = readers[0].person, uuid4()
    [run] = await told(database, neighbour, tenant, opened(one, loan), closed(one, loan))
    await apply(database, LEAN, [run[:1]])
    assert (await held(database, tenant))[one] == 1
    for _ in range(2):
        await apply(database, LEAN, [run])
        assert (await known(database, tenant))[loan].returned_at == LATER
        assert (await held(database, tenant))[one] == 0


@BOTH
async def test_nobody_but_its_lender_has_news_of_a_loan(
    database: Database, tenant: Tenant, neighbour: Tenant, readers: list[Bearer], road: Listeners
) -> None:
    one, loan = readers[0].person, uuid4()
    await apply(database, road, await told(database, neighbour, tenant, opened(one, loan)))
    again = opened(one, loan, NOON), closed(one, loan)
    await apply(database, road, await told(database, tenant, tenant, *again))
    row = (await known(database, tenant))[loan]
    assert (row.lender_id, row.due_at, row.returned_at) == (neighbour.id, LATER, None)
    assert (await held(database, tenant))[one] == 1


@BOTH
async def test_a_stranger_s_loan_holds_up_nobody_else_s(
    database: Database, tenant: Tenant, neighbour: Tenant, readers: list[Bearer], road: Listeners
) -> None:
    one, stranger = readers[0].person, uuid4()
    async with unit_of_work(database.app, neighbour.id) as session:
        for person in (stranger, one):
            emit(session, opened(person, uuid4()), to=tenant.id)
    await carry(database, road)
    assert [row.person_id for row in (await known(database, tenant)).values()] == [one]
    async with unit_of_work(database.app, neighbour.id) as session:
        rows = await session.scalars(select(Outbox).where(Outbox.state != "sent"))
        assert [(row.about, row.failure) for row in rows] == [(stranger, "ReaderUnknown")]


@BOTH
async def test_a_moment_that_no_calendar_has_spoils_no_list(
    database: Database, tenant: Tenant, neighbour: Tenant, readers: list[Bearer], road: Listeners
) -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=14)))
    news = opened(readers[0].person, uuid4(), last)
    mail = await told(database, neighbour, tenant, news)
    with pytest.raises(OverflowError):
        await apply(database, road, mail)
    assert await known(database, tenant) == {}
