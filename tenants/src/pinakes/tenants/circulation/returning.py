"""Return: an item comes back to the branch that lent it."""

from typing import Literal

import msgspec

from pinakes.platform.clock import local, now
from pinakes.platform.db import to_json
from pinakes.platform.errors import Conflict
from pinakes.tenants.circulation.events import LoanClosed
from pinakes.tenants.circulation.hot import (
    Answer,
    Connection,
    Desk,
    Row,
    earlier,
    read,
    settle,
)
from pinakes.tenants.circulation.machine import Action, State, move, state_of
from pinakes.tenants.circulation.schemas import LoanView, Return
from pinakes.tenants.items.machine import Action as ItemAction
from pinakes.tenants.items.machine import Status
from pinakes.tenants.items.machine import move as move_item
from pinakes.tenants.items.service import NoSuchItem

READ = "SELECT * FROM read_return($1, $2, $3)"
WRITE = """SELECT write_return($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                               $16, $17, $18)"""
OK = 200


class ItemNotLent(Conflict):
    code = "item_not_lent"
    title = "This item was not lent by this branch"


async def give_back(desk: Desk, scan: Return) -> Answer:
    """Take the item back now; a second scan of it answers the loan as it was closed."""

    async def attempt(connection: Connection) -> Answer:
        found = await read(connection, READ, desk.here.id, scan.barcode, desk.key.key)
        return earlier(found) or await take_back(connection, desk, found)

    return await settle(desk, attempt)


async def take_back(connection: Connection, desk: Desk, found: Row) -> Answer:
    """Decide on what was *found*, and write the decision."""
    refuse_unknown(found)
    state = state_of(found.returned_at, found.outcome)
    already = move(state, Action.RETURN) == state
    home, zone = desk.directory.ids[found.home_id].code, desk.here.zone
    view = LoanView.of(found, home, zone, already=already, outcome=found.outcome)
    view.then = then(found)
    if not already:
        view.returned_at, view.state = local(now(), zone), State.RETURNED
    answer = Answer(OK, msgspec.json.encode(view))
    if not already or desk.key.key:
        await write(connection, desk, found, view, answer)
    return answer


def then(found: Row) -> Literal["put_aside", "send_on"] | None:
    """What the hand that holds the book does with it, if it is not to be shelved."""
    if found.is_guest:
        return "send_on"
    return "put_aside" if found.others_wait else None


def refuse_unknown(found: Row) -> None:
    """Raise when there is no such item, or nothing to close and nothing closed."""
    if found.item is None:
        raise NoSuchItem("This branch has no item with this barcode.")
    if found.id is None or (found.returned_at and found.item_status != Status.ON_SHELF):
        raise ItemNotLent(
            "There is no loan to close. Change the item's status if it was found again.",
            item_status=found.item_status,
        )


async def write(
    connection: Connection, desk: Desk, found: Row, view: LoanView, answer: Answer
) -> None:
    """Loan, item, messages, audit and answer, all or nothing; of an old return, the answer."""
    closes = not view.already
    told = closed(found, view) if closes else None
    await connection.fetchval(
        WRITE,
        *desk.opening(answer),
        found.id,
        found.item,
        found.item_version,
        move_item(Status.LENT, ItemAction.TAKE_BACK),
        found.person_id,
        found.home_id,
        view.returned_at,
        "LoanClosed" if closes else None,
        told,
        found.record if closes else None,
        *desk.closing(),
    )


def closed(found: Row, view: LoanView) -> str:
    """The news for the reader's home, as it travels."""
    assert view.returned_at is not None  # noqa: S101  (the loan has just been closed)
    event = LoanClosed(about=found.person_id, loan=found.id, returned_at=view.returned_at)
    return to_json(event)
