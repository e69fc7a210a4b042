"""What befalls requests and loans becomes notices: of the home, for its own reader, once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from borrowing import Borrowing, edition, held
from lending import Bearer, deliver, enrol, rule
from posting import Posting, reach
from sqlalchemy import event, func, select, text, update

from pinakes.federation.lending.events import PartyTold, ReaderConcerned
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.timers import ring_due
from pinakes.federation.loans.models import Borrowed
from pinakes.federation.notices import duties, service
from pinakes.federation.notices.listeners import KIND_OF
from pinakes.federation.notices.machine import State
from pinakes.federation.notices.models import Notice
from pinakes.platform.clock import now
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox, emit
from pinakes.tenants.registry.noticing import KINDS

pytestmark = pytest.mark.anyio

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
BY_LOAN = {"Overdue"}  # of which the loan tells


async def told(database: Database, at: Tenant) -> list[tuple[str, dict[str, Any]]]:
    """What a branch has to tell its readers."""
    async with unit_of_work(database.app, at.id) as session:
        rows = await session.scalars(select(Notice).order_by(Notice.id))
        return [(row.kind, row.facts) for row in rows]


async def ready(b: Borrowing) -> UUID:
    """A request whose book waits for its reader."""
    await reach(b.database, b.reader)
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    await b.act(b.pickup, request, P, "receive")
    await b.act(b.pickup, request, P, "shelve")
    return request


async def test_a_reader_is_told_once_that_the_book_is_there_and_by_the_home_alone(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    request = await ready(b)
    [(kind, facts)] = await told(b.database, b.home)
    assert kind == "ready"
    assert (facts["title"], facts["pickup"]) == ("红楼梦", b.pickup.code)
    assert facts["until"] > now().timestamp()
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        said = await session.scalars(
            select(Outbox).where(Outbox.about == request, Outbox.kind == "PartyTold")
        )
        for row in said:
            emit(session, msgspec.convert(row.body, PartyTold), to=row.receiver)
    async with unit_of_work(b.database.app, b.home.id) as session:
        mine = await session.scalars(select(Outbox).where(Outbox.kind == "ReaderConcerned"))
        for row in mine:
            emit(session, msgspec.convert(row.body, ReaderConcerned))
    await deliver(b.database)
    assert len(await told(b.database, b.home)) == 1
    for other in (b.supplier, b.pickup):
        assert await told(b.database, other) == []


async def test_a_book_that_is_not_picked_up_and_one_that_is_not_found_are_told(
    borrowing: Borrowing,
) -> None:
    b = borrowing
    await ready(b)
    for _ in range(3):  # other tests' parties have clocks of their own: not until all are still
        await ring_due(b.database, now() + timedelta(days=30))
        await deliver(b.database)
    nobody = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, nobody, copies=1)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await session.execute(text("UPDATE item SET status = 'lent' WHERE status = 'on_shelf'"))
    request = await b.place(nobody)
    await b.act(b.home, request, R, "close")
    kinds = [kind for kind, _ in await told(b.database, b.home)]
    assert kinds == ["ready", "expired", "unfilled"]


async def test_nobody_but_the_home_can_have_a_reader_told(borrowing: Borrowing) -> None:
    b = borrowing
    await reach(b.database, b.reader)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        event = ReaderConcerned(
            about=uuid4(), attempt=1, person=b.reader.person, happened="Ready", facts={}
        )
        emit(session, event, to=b.home.id)
    await deliver(b.database)
    assert await told(b.database, b.home) == []


def test_whatever_the_state_model_calls_a_notice_has_words() -> None:
    moves = [
        move for some in model().machines[R].moves.values() for move in some if "notice" in move.do
    ]
    assert {move.on for move in moves} == KIND_OF.keys() | BY_LOAN
    others = {"due_soon", "overdue", "corrected", "left"}
    assert {*KIND_OF.values(), *others} == KINDS.keys()


async def lend(posting: Posting, due: datetime, title: str = "红楼梦") -> UUID:
    """A loan that the home has heard of."""
    row = Borrowed(
        id=uuid7(),
        lender_id=posting.here.id,
        person_id=posting.reader.person,
        barcode="1",
        title=title,
        lent_at=now() - timedelta(days=40),
        due_at=due,
        renewals=0,
        as_of=now(),
    )
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        session.add(row)
    return row.id


async def look(posting: Posting) -> list[tuple[str, list[str]]]:
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await duties.remind(session, posting.here.id, "Asia/Shanghai")
    return [(kind, facts["titles"]) for kind, facts in await told(posting.database, posting.here)]


async def test_what_is_due_soon_and_what_is_late_is_told_once_a_day_of_return(
    posting: Posting,
) -> None:
    soon, late = now() + timedelta(days=2), now() - timedelta(days=2)
    loan = await lend(posting, soon)
    await lend(posting, soon, "石头记")
    await lend(posting, now() + timedelta(days=9))
    await lend(posting, now() - timedelta(days=90))
    assert await look(posting) == [("due_soon", ["石头记", "红楼梦"])]
    await lend(posting, late, "儒林外史")
    assert len(await look(posting)) == len(await look(posting)) == 2
    assert (await look(posting))[1] == ("overdue", ["儒林外史"])
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        renewed = update(Borrowed).where(Borrowed.id == loan)
        await session.execute(renewed.values(due_at=soon + timedelta(days=1)))
    assert (await look(posting))[2:] == [("due_soon", ["红楼梦"])]


async def test_many_that_are_late_are_reminded_in_as_many_questions_as_one(
    posting: Posting,
) -> None:
    readers = [posting.reader, *[await enrol(posting.database, posting.here) for _ in range(9)]]

    async def trips(late: Sequence[Bearer]) -> int:
        for reader in late:
            await lend(replace(posting, reader=reader), now() - timedelta(days=2))
            await reach(posting.database, reader)
        asked: list[Any] = []
        async with unit_of_work(posting.database.app, posting.here.id) as session:
            ours = (await session.connection()).sync_connection  # the application asks, too
            event.listen(ours, "before_cursor_execute", lambda *told: asked.append(told[2]))
            await duties.remind(session, posting.here.id, "Asia/Shanghai")
        return len(asked)

    assert await trips(readers[:1]) == await trips(readers[1:])
    assert len(await told(posting.database, posting.here)) == len(readers)


async def test_a_loan_that_came_back_is_not_told(posting: Posting) -> None:
    loan = await lend(posting, now() - timedelta(days=2))
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await session.execute(
            update(Borrowed).where(Borrowed.id == loan).values(returned_at=datetime.now(UTC))
        )
    assert await look(posting) == []


@pytest.mark.parametrize("state", [State.SENT, State.UNSURE])
async def test_what_was_told_is_forgotten_in_time(
    posting: Posting, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    await posting.tell()
    await posting.round()

    async def aged(days: int) -> list[dict[str, Any]]:
        async with unit_of_work(posting.database.app, posting.here.id) as session:
            then = func.now() - timedelta(days=days)
            await session.execute(update(Notice).values(changed_at=then, state=state))
        await service.forget_old(posting.database)
        return [row.facts for row in await posting.rows()]

    turn = datetime(2026, 11, 21, 0, posting.here.id % 60, tzinfo=UTC)
    monkeypatch.setattr("pinakes.platform.turns.now", lambda: turn)
    await rule(posting.database, posting.here, history_days=10)
    assert [bool(facts) for facts in await aged(9)] == [True]
    assert [bool(facts) for facts in await aged(11)] == [False]
    assert await aged(61) == []


async def test_no_reader_is_told_without_end(
    posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 2)
    for _ in range(3):
        await posting.tell()
    assert len(await told(posting.database, posting.here)) == 2
