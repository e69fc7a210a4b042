"""Loans that end without their book: it is lost, or its reader says that it came back."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import lock
from pinakes.platform.errors import Conflict
from pinakes.platform.messages import emit
from pinakes.tenants.circulation.events import LoanClosed
from pinakes.tenants.circulation.machine import Action, State, move, state_of
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.circulation.renewing import NoSuchLoan
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.machine import Action as ItemAction
from pinakes.tenants.items.machine import move as move_item
from pinakes.tenants.items.models import Item

ENDS: Mapping[State, tuple[Action, ItemAction]] = {
    State.LOST: (Action.LOSE, ItemAction.LOSE),
    State.CLAIMED: (Action.CLAIM, ItemAction.MISS),  # somebody has to look for it on the shelves
}


class LoanOfRequest(Conflict):
    code = "loan_of_request"
    title = "This loan belongs to a request between branches"


async def end(session: AsyncSession, id: UUID, outcome: State) -> Loan:
    """End an ordinary loan as lost or claimed, for reader, item and the reader's home.

    Raises:
        NoSuchLoan, LoanMoveRefused: there is none that is open.
        LoanOfRequest: the request has such steps of its own, which its other parties hear of.
    """
    loan = await lock(session, Loan, id)
    if loan is None or loan.person_id is None:
        raise NoSuchLoan("Neither open nor closed: check the id and the branch.")
    action, of_item = ENDS[outcome]
    ended = move(state_of(loan.returned_at, loan.outcome), action)
    item = await lock(session, Item, loan.item_id)
    if item is None or item.request_id is not None:
        raise LoanOfRequest("Say so at the request: its pickup party can lose and claim.")
    over_at = max(now(), loan.lent_at)
    loan.returned_at, loan.outcome = over_at, ended
    item.status, item.back_by = move_item(item.status, of_item), None
    note(session, f"loan.{action}", loan.id)
    closed = LoanClosed(about=loan.person_id, loan=loan.id, returned_at=over_at, outcome=ended)
    emit(session, closed, to=loan.home_id)
    emit(session, ItemsChanged(about=item.record_id, records=[item.record_id]))
    return loan
