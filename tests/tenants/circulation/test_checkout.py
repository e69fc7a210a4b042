"""Lending at the desk: what happens, what is refused, what is promised."""

import asyncio
from datetime import date

import httpx
import pytest
from conftest import MakeTenant
from lending import Bearer, Desk, enrol, rule, stock
from sqlalchemy import func, select, text, update

from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Outbox
from pinakes.platform.replies import Reply
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.items.models import Item
from pinakes.tenants.readers.models import Card, Reader, Standing

pytestmark = pytest.mark.anyio


def code(answer: httpx.Response) -> str:
    told: str = answer.json()["code"]
    return told


async def counted(database: Database, tenant: Tenant, table: type, *where: object) -> int:
    async with unit_of_work(database.app, tenant.id) as session:
        rows = select(func.count()).select_from(table).where(*where)  # type: ignore[arg-type]
        return await session.scalar(rows) or 0


async def set_at(database: Database, tenant: Tenant, table: type, **values: object) -> None:
    async with unit_of_work(database.app, tenant.id) as session:
        await session.execute(update(table).values(**values))


async def test_a_reader_takes_a_book_home(desk: Desk, reader: Bearer, book: str) -> None:
    answer = await desk.lend(reader.card, book)
    assert answer.status_code == 201, answer.text
    loan = answer.json()
    assert loan["title"] == "红楼梦"
    assert loan["rule"] == "*/*"
    assert loan["person"] == str(reader.person)
    assert loan["home"] == desk.here.code
    assert (await desk.look(f"/items?barcode={book}"))["items"][0]["status"] == "lent"
    assert (await desk.look(f"/loans?barcode={book}"))["items"][0]["id"] == loan["id"]
    assert (await desk.look(f"/loans/{loan['id']}"))["state"] == "open"


async def test_it_is_told_at_home_and_written_down(
    desk: Desk, reader: Bearer, book: str, database: Database, tenant: Tenant
) -> None:
    loan = (await desk.lend(reader.card, book)).json()
    async with unit_of_work(database.app, tenant.id) as session:
        sent = (await session.scalars(select(Outbox).order_by(Outbox.id.desc()).limit(2))).all()
        noted = await session.scalar(select(Audit).where(Audit.subject == loan["id"]))
    opened = next(message for message in sent if message.kind == "LoanOpened")
    assert (opened.receiver, opened.about, opened.role) == (tenant.id, reader.person, "desk")
    assert opened.body["loan"] == loan["id"]
    changed = next(message for message in sent if message.kind == "ItemsChanged")
    assert changed.body["records"] == [str(changed.about)]
    assert noted is not None
    assert (noted.operation, noted.result) == ("loan.open", "done")


async def test_what_is_lent_is_not_there(
    desk: Desk, reader: Bearer, book: str, database: Database, tenant: Tenant
) -> None:
    await desk.lend(reader.card, book)
    other = await enrol(database, tenant)
    answer = await desk.lend(other.card, book)
    assert (answer.status_code, code(answer)) == (409, "item_not_available")
    assert answer.json()["item_status"] == "lent"


@pytest.mark.parametrize(
    ("table", "values", "refusal"),
    [
        (Standing, {"may_borrow": False, "blocks": ["fees"]}, "reader_blocked"),
        (Standing, {"until": date(2020, 2, 29)}, "reader_expired"),
        (Standing, {"loans_left": 0}, "limit_everywhere_reached"),
        (Reader, {"state": "blocked"}, "reader_blocked"),
        (Card, {"state": "lost"}, "card_not_valid"),
        (Item, {"status": "missing"}, "item_not_available"),
        (Item, {"kind": "reference"}, "item_not_for_loan"),
    ],
)
async def test_a_refusal_names_its_rule_and_changes_nothing(  # noqa: PLR0913, PLR0917
    desk: Desk,
    reader: Bearer,
    book: str,
    database: Database,
    tenant: Tenant,
    table: type,
    values: dict[str, object],
    refusal: str,
) -> None:
    await set_at(database, tenant, table, **values)
    answer = await desk.lend(reader.card, book, key="k")
    assert (answer.status_code, code(answer)) == (409, refusal)
    assert await counted(database, tenant, Loan) == 0
    assert await counted(database, tenant, Reply) == 0


async def test_nobody_lends_to_an_unknown_card_or_an_unknown_book(
    desk: Desk, reader: Bearer, book: str
) -> None:
    answer = await desk.lend("999", book)
    assert (answer.status_code, code(answer)) == (404, "card_unknown")
    answer = await desk.lend(reader.card, "999")
    assert (answer.status_code, code(answer)) == (404, "no_such_item")


async def test_a_number_of_two_branches_is_asked_back(
    desk: Desk, book: str, database: Database, neighbour: Tenant, make_tenant: MakeTenant
) -> None:
    third = await make_tenant()
    theirs = await enrol(database, neighbour, card=f"same-{book}")
    await enrol(database, third, card=theirs.card)
    answer = await desk.lend(theirs.card, book)
    assert (answer.status_code, code(answer)) == (409, "card_ambiguous")
    assert set(answer.json()["issuers"]) == {neighbour.code, third.code}
    answer = await desk.lend(theirs.card, book, card_of=neighbour.code)
    assert answer.json()["person"] == str(theirs.person)


async def test_a_branch_believes_its_own_card_first(
    desk: Desk, reader: Bearer, book: str, database: Database, neighbour: Tenant
) -> None:
    await enrol(database, neighbour, card=reader.card)
    answer = await desk.lend(reader.card, book)
    assert answer.json()["person"] == str(reader.person)


async def test_the_limits_of_kind_and_of_all_hold(
    desk: Desk, reader: Bearer, database: Database, tenant: Tenant
) -> None:
    books = await stock(database, tenant, 3)
    records = await stock(database, tenant, 2, "audio")
    rules = [{"days": 10}, {"item": "audio", "days": 7, "limit": 1}]
    await rule(database, tenant, loan_rules=rules, loan_limit=3)
    assert (await desk.lend(reader.card, records[0])).json()["rule"] == "*/audio"
    assert code(await desk.lend(reader.card, records[1])) == "limit_of_kind_reached"
    for book in books[:2]:
        assert (await desk.lend(reader.card, book)).status_code == 201
    assert code(await desk.lend(reader.card, books[2])) == "limit_here_reached"


async def test_loans_on_their_way_home_count_already(
    desk: Desk, reader: Bearer, database: Database, tenant: Tenant
) -> None:
    one, two, three = await stock(database, tenant, 3)
    await set_at(database, tenant, Standing, loans_left=2)  # nobody carries the news meanwhile
    assert (await desk.lend(reader.card, one)).status_code == 201
    assert (await desk.lend(reader.card, two)).status_code == 201
    assert code(await desk.lend(reader.card, three)) == "limit_everywhere_reached"


async def test_two_desks_cannot_both_lend_the_last_one_of_a_limit(
    desk: Desk, reader: Bearer, database: Database, tenant: Tenant
) -> None:
    await rule(database, tenant, loan_limit=3)
    books = await stock(database, tenant, 8)
    answers = await asyncio.gather(*(desk.lend(reader.card, book) for book in books))
    assert await counted(database, tenant, Loan) == 3
    assert sum(answer.status_code == 201 for answer in answers) == 3
    assert {answer.status_code for answer in answers} == {201, 409}


async def test_a_key_gives_the_first_answer_again(
    desk: Desk, reader: Bearer, book: str, database: Database, tenant: Tenant
) -> None:
    first = await desk.lend(reader.card, book, key="scan-1")
    again = await desk.lend(reader.card, book, key="scan-1")
    assert again.status_code == 201
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other = await desk.lend("another", book, key="scan-1")
    assert (other.status_code, code(other)) == (409, "idempotency_key_reused")
    assert await counted(database, tenant, Loan) == 1


async def test_a_visitor_is_known_from_the_first_loan_on(
    desk: Desk, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    visitor = await enrol(database, neighbour)
    for book in await stock(database, tenant, 2):
        answer = await desk.lend(visitor.card, book)
        assert answer.status_code == 201, answer.text
        assert answer.json()["home"] == neighbour.code
    async with unit_of_work(database.app, tenant.id) as session:
        member = await session.scalar(select(Reader).where(Reader.person_id == visitor.person))
        assert member is not None
        assert (member.kind, member.home_id, member.name) == ("visiting", neighbour.id, None)
    began = (Outbox.kind == "VisitBegan", Outbox.receiver == neighbour.id)
    assert await counted(database, tenant, Outbox, *began) == 1


async def test_a_visitor_who_has_left_may_come_back(
    desk: Desk, database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    visitor = await enrol(database, neighbour)
    one, two = await stock(database, tenant, 2)
    await desk.lend(visitor.card, one)
    await set_at(database, tenant, Reader, state="left")
    assert (await desk.lend(visitor.card, two)).status_code == 201
    assert await counted(database, tenant, Reader, Reader.state == "active") == 1
    assert await counted(database, tenant, Outbox, Outbox.kind == "VisitBegan") == 2


async def test_lending_goes_on_while_a_home_branch_is_suspended(
    desk: Desk, book: str, database: Database, neighbour: Tenant
) -> None:
    visitor = await enrol(database, neighbour)
    await suspend(database, neighbour)
    assert (await desk.lend(visitor.card, book)).status_code == 201


async def test_a_suspended_branch_lends_nothing(
    desk: Desk, reader: Bearer, book: str, database: Database, tenant: Tenant
) -> None:
    await suspend(database, tenant)
    answer = await desk.lend(reader.card, book)
    assert (answer.status_code, code(answer)) == (403, "branch_not_active")


async def suspend(database: Database, tenant: Tenant) -> None:
    async with public_work(database.public) as session:
        await session.execute(
            text("""UPDATE commons.tenant SET state = 'suspended',
                    version = nextval('commons.tenant_version') WHERE id = :id"""),
            {"id": tenant.id},
        )


async def test_another_branch_s_book_does_not_exist_here(
    desk: Desk, reader: Bearer, database: Database, neighbour: Tenant
) -> None:
    (theirs,) = await stock(database, neighbour)
    answer = await desk.lend(reader.card, theirs)
    assert (answer.status_code, code(answer)) == (404, "no_such_item")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"card": "1"},
        {"card": "1", "barcode": ""},
        {"card": "1", "barcode": "x" * 65},
        {"card": "1", "barcode": "\u0000"},
        {"card": "1", "barcode": "1", "card_of": "No Such"},
        {"card": "1", "barcode": "1", "more": 1},
    ],
)
async def test_a_malformed_scan_is_refused(desk: Desk, body: dict[str, object]) -> None:
    answer = await desk.ask("/loans", body)
    assert (answer.status_code, code(answer)) == (400, "validation_failed")
