"""Books come back, and are kept longer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lending import Bearer, Desk, desk_at, enrol, rule, stock
from mint import Mint
from sqlalchemy import delete, func, select, update

from pinakes.platform.clock import now
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox
from pinakes.tenants.circulation.history import cut, cut_old
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.readers.models import Standing

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(client: httpx.AsyncClient, mint: Mint, tenant: Tenant) -> Desk:
    """Only one road leads back."""
    return desk_at(client, mint, tenant)


@pytest.fixture
async def loan(desk: Desk, reader: Bearer, book: str) -> dict[str, Any]:
    """A book that the reader has at home."""
    lent: dict[str, Any] = (await desk.lend(reader.card, book)).json()
    return lent


async def sent(database: Database, tenant: Tenant, kind: str) -> list[dict[str, Any]]:
    async with unit_of_work(database.app, tenant.id) as session:
        rows = await session.scalars(select(Outbox.body).where(Outbox.kind == kind))
        return list(rows)


async def test_a_book_comes_back(
    desk: Desk, loan: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    answer = await desk.take_back(loan["barcode"])
    assert answer.status_code == 200, answer.text
    closed = answer.json()
    assert (closed["id"], closed["state"], closed["already"]) == (loan["id"], "returned", False)
    items = (await desk.look(f"/items?barcode={loan['barcode']}"))["items"]
    assert items[0]["status"] == "on_shelf"
    (told,) = await sent(database, tenant, "LoanClosed")
    assert told["loan"] == loan["id"]
    assert datetime.fromisoformat(told["returned_at"]) == datetime.fromisoformat(
        closed["returned_at"]
    )


async def test_a_second_scan_changes_nothing(
    desk: Desk, loan: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    first = (await desk.take_back(loan["barcode"])).json()
    second = (await desk.take_back(loan["barcode"])).json()
    assert second == first | {"already": True}
    assert len(await sent(database, tenant, "LoanClosed")) == 1


async def test_a_home_that_says_nothing_of_a_reader_renews_nothing(
    desk: Desk, loan: dict[str, Any], reader: Bearer, database: Database
) -> None:
    async with unit_of_work(database.app, reader.home.id) as session:
        await session.execute(delete(Standing).where(Standing.person_id == reader.person))
    answer = await desk.renew(loan["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "reader_blocked")
    assert answer.json()["blocks"] == ["home"]


async def test_a_repeated_return_never_closes_a_later_loan(
    desk: Desk, loan: dict[str, Any], reader: Bearer
) -> None:
    first = await desk.take_back(loan["barcode"], key="k1")
    idle = await desk.take_back(loan["barcode"], key="k2")
    assert (await desk.lend(reader.card, loan["barcode"])).status_code == 201
    assert (await desk.take_back(loan["barcode"], key="k1")).content == first.content
    assert (await desk.take_back(loan["barcode"], key="k2")).content == idle.content
    assert (await desk.look(f"/loans?barcode={loan['barcode']}"))["items"][0]["state"] == "open"


async def test_clocks_that_disagree_do_not_hide_an_open_loan(
    desk: Desk, loan: dict[str, Any], reader: Bearer, database: Database, tenant: Tenant
) -> None:
    await desk.take_back(loan["barcode"])
    await age(database, tenant, days=-1)  # by a clock that is a day ahead
    second = (await desk.lend(reader.card, loan["barcode"])).json()
    closed = (await desk.take_back(loan["barcode"])).json()
    assert (closed["id"], closed["already"]) == (second["id"], False)


async def test_what_was_never_lent_cannot_come_back(desk: Desk, book: str) -> None:
    answer = await desk.take_back(book)
    assert (answer.status_code, answer.json()["code"]) == (409, "item_not_lent")
    answer = await desk.take_back("nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_item")


async def test_a_lost_book_is_found_at_the_items_not_by_a_return(
    desk: Desk, loan: dict[str, Any], mint: Mint
) -> None:
    await desk.take_back(loan["barcode"])
    item = (await desk.look(f"/items?barcode={loan['barcode']}"))["items"][0]
    await desk.ask(f"/items/{item['id']}/lose")
    answer = await desk.take_back(loan["barcode"])
    assert (answer.status_code, answer.json()["item_status"]) == (409, "lost")


async def test_a_loan_is_renewed_until_the_rule_says_no(
    desk: Desk, loan: dict[str, Any], database: Database, tenant: Tenant
) -> None:
    await age(database, tenant, days=10)
    answer = await desk.renew(loan["id"], key="r")
    assert answer.status_code == 200, answer.text
    assert answer.json()["renewals"] == 1
    assert (await desk.renew(loan["id"], key="r")).content == answer.content
    assert datetime.fromisoformat(answer.json()["due_at"]) > now() + timedelta(days=29)
    answer = await desk.renew(loan["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "renewals_used_up")
    (told,) = await sent(database, tenant, "LoanRenewed")
    assert told["renewals"] == 1


async def age(database: Database, tenant: Tenant, days: int) -> None:
    past = timedelta(days=days)
    async with unit_of_work(database.app, tenant.id) as session:
        await session.execute(
            update(Loan).values(
                lent_at=Loan.lent_at - past,
                due_at=Loan.due_at - past,
                returned_at=Loan.returned_at - past,
            )
        )


async def test_a_renewal_that_gains_nothing_is_refused(desk: Desk, loan: dict[str, Any]) -> None:
    answer = await desk.renew(loan["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "renewal_too_early")


async def test_what_is_back_is_not_renewed(desk: Desk, loan: dict[str, Any]) -> None:
    await desk.take_back(loan["barcode"])
    answer = await desk.renew(loan["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "loan_move_refused")


async def test_readers_renew_what_is_theirs_and_nothing_else(
    desk: Desk, loan: dict[str, Any], reader: Bearer, mint: Mint, database: Database, tenant: Tenant
) -> None:
    await age(database, tenant, days=10)
    other = Desk(desk.client, tenant, mint.reader(uuid4(), tenant.code))
    answer = await other.renew(loan["id"])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_loan")
    answer = await other.renew(str(uuid4()))
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_loan")
    own = Desk(desk.client, tenant, mint.reader(reader.person, tenant.code))
    assert (await own.renew(loan["id"])).status_code == 200


async def test_the_home_s_block_stops_a_visitor_s_renewal(
    desk: Desk, book: str, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    visitor = await enrol(database, neighbour)
    lent = (await desk.lend(visitor.card, book)).json()
    await age(database, tenant, days=10)
    async with unit_of_work(database.app, neighbour.id) as session:
        await session.execute(update(Standing).values(may_borrow=False, blocks=["fees"]))
    answer = await desk.renew(lent["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "reader_blocked")
    assert answer.json()["blocks"] == ["fees"]


async def test_nobody_asks_for_the_standing_of_strangers(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    stranger = await enrol(database, neighbour)
    look = select(func.borrower_standing(stranger.person, neighbour.id))
    async with unit_of_work(database.app, tenant.id) as session:
        assert (await session.scalar(look)) in {None, (None, None, None)}


async def test_who_had_what_is_forgotten_in_time(
    desk: Desk, loan: dict[str, Any], reader: Bearer, database: Database, tenant: Tenant
) -> None:
    (still_out,) = await stock(database, tenant)
    await desk.lend(reader.card, still_out)
    await desk.take_back(loan["barcode"])
    await age(database, tenant, days=200)
    async with unit_of_work(database.app, tenant.id) as session:
        await cut(session, timedelta(days=201))
        assert await people(session) == [reader.person, reader.person]
        await cut(session, timedelta(days=180))
        assert await people(session) == [None, reader.person]


async def people(session: Any) -> list[UUID | None]:
    return list(await session.scalars(select(Loan.person_id).order_by(Loan.id)))


async def test_every_branch_has_its_turn_within_the_hour(
    desk: Desk,
    loan: dict[str, Any],
    database: Database,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await rule(database, tenant, history_days=30)
    await desk.take_back(loan["barcode"])
    await age(database, tenant, days=31)
    moment = now().replace(minute=tenant.id % 60)
    monkeypatch.setattr("pinakes.platform.turns.now", lambda: moment)
    await cut_old(database)
    async with unit_of_work(database.app, tenant.id) as session:
        assert await people(session) == [None]
