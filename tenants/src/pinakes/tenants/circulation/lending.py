"""Checkout: a reader takes an item home."""

from datetime import datetime

import msgspec

from pinakes.platform.clock import local, now
from pinakes.platform.db import to_json, uuid7
from pinakes.tenants.circulation.events import LoanOpened
from pinakes.tenants.circulation.hot import (
    Answer,
    Connection,
    Desk,
    Row,
    earlier,
    read,
    settle,
)
from pinakes.tenants.circulation.machine import State
from pinakes.tenants.circulation.policy import calendar, terms, words
from pinakes.tenants.circulation.rules import LENDING, Facts, judge
from pinakes.tenants.circulation.schemas import Checkout, LoanView
from pinakes.tenants.items.service import NoSuchItem
from pinakes.tenants.readers.machine import State as Membership
from pinakes.tenants.readers.misses import MISSES
from pinakes.tenants.readers.numbers import tidy
from pinakes.tenants.readers.rules import CardAmbiguous, CardUnknown, blocks_of

READ = "SELECT * FROM read_checkout($1, $2, $3, $4, $5)"
WRITE = """SELECT write_checkout($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                                 $16, $17, $18, $19, $20, $21, $22, $23)"""
CREATED = 201
STRANGERS = {None, Membership.LEFT}  # whoever borrows becomes a member, or one again


async def checkout(desk: Desk, wish: Checkout) -> Answer:
    """Lend the item with this barcode to the reader with this card, if every rule allows it."""
    issuer = desk.directory.coded(wish.card_of).id if wish.card_of else None
    presented = tidy(wish.card)
    MISSES.check(desk.asker.subject, desk.here.id)

    async def attempt(connection: Connection) -> Answer:
        found = await read(
            connection, READ, desk.here.id, presented, issuer, wish.barcode, desk.key.key
        )
        return earlier(found) or await lend(connection, desk, wish, found)

    return await settle(desk, attempt)


async def lend(connection: Connection, desk: Desk, wish: Checkout, found: Row) -> Answer:
    """Decide on what was *found*, and write the decision."""
    refuse_unknown(desk, found)
    facts = facts_of(desk, found, now())
    term = judge(LENDING, facts)
    view = LoanView(
        id=uuid7(),
        barcode=wish.barcode,
        item_kind=found.kind,
        title=found.title or "",
        person=found.person,
        home=found.home_code,
        reader_kind=found.reader_kind,
        lent_at=local(facts.now, desk.here.zone),
        due_at=facts.due,
        renewals=0,
        returned_at=None,
        state=State.OPEN,
        rule=term.name,
    )
    answer = Answer(CREATED, msgspec.json.encode(view))
    await write(connection, desk, found, view, answer)
    return answer


def refuse_unknown(desk: Desk, found: Row) -> None:
    """Raise when the card or the barcode names nothing, or the card's number two people."""
    if found.person is None:
        MISSES.count(desk.asker.subject, desk.here.id)
        raise CardUnknown("No branch of this consortium has issued this number.")
    if len(set(found.people)) > 1:
        raise CardAmbiguous("Say which branch's card it is, as `card_of`.", issuers=found.issuers)
    if found.item is None:
        raise NoSuchItem("This branch has no item with this barcode.")


def facts_of(desk: Desk, found: Row, moment: datetime) -> Facts:
    """What the rules want to know, out of one row."""
    return Facts(
        now=moment,
        calendar=calendar(desk.here.zone, found.closed_weekdays, found.closed_days),
        item_kind=found.kind,
        item_status=found.item_status,
        card_state=found.card_state,
        reader_kind=found.reader_kind,
        blocks=blocks_of(found.may_borrow, words(found.blocks)),
        membership=found.membership,
        loans_left=found.loans_left - found.unsaid,
        open_here=found.open_here,
        open_of_kind=found.open_of_kind,
        most_here=found.most,
        terms=terms(found.rules),
        back_by=found.back_by,
    )


async def write(
    connection: Connection, desk: Desk, found: Row, view: LoanView, answer: Answer
) -> None:
    """Loan, item, membership, messages, audit and answer, all or nothing."""
    await connection.fetchval(
        WRITE,
        *desk.opening(answer),
        view.id,
        found.item,
        found.item_version,
        found.person,
        found.home,
        view.reader_kind,
        view.barcode,
        view.item_kind,
        view.title,
        found.open_here,
        view.lent_at,
        view.due_at,
        found.membership in STRANGERS,
        opened(found, view),
        found.record,
        *desk.closing(),
    )


def opened(found: Row, view: LoanView) -> str:
    """The news for the reader's home, as it travels."""
    event = LoanOpened(
        about=found.person,
        loan=view.id,
        barcode=view.barcode,
        title=view.title,
        lent_at=view.lent_at,
        due_at=view.due_at,
    )
    return to_json(event)
