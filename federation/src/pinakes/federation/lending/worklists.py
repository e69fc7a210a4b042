"""What a desk has to do: lists read from the parties' rows as they stand."""

from collections.abc import Mapping

from sqlalchemy import Boolean, Select, and_, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from pinakes.federation.lending.astray import astray
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import TO_PUT_BACK, UNSETTLED, Arrival, PartyRow
from pinakes.platform.errors import NotFound
from pinakes.platform.language import later

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP

NAMES = {
    "answer": later("To answer"),
    "pull": later("To pull"),
    "ship": later("To send"),
    "receive": later("To receive"),
    "shelf": later("Hold shelf"),
    "overdue": later("Overdue"),
    "lost": later("Lost books"),
    "problem": later("Problems"),
}


class NoSuchWorklist(NotFound):
    code = "no_such_worklist"
    title = "There is no such worklist"


def stands(role: Role, states: str) -> ColumnElement[bool]:
    return and_(PartyRow.role == role, PartyRow.state.in_(states.split()), ~PartyRow.over)


PULLED = PartyRow.flags.contains(["pulled"])
PROMISED = stands(S, "WILL_SUPPLY CONDITION_ACCEPTED")
GONE = literal_column(UNSETTLED, Boolean)
GIVEN_UP = literal_column(TO_PUT_BACK, Boolean)
PUT_BACK = and_(GIVEN_UP, literal_column("lending_to_put_back(request_party)", Boolean))
OTHER = aliased(PartyRow)
TOLD_BESIDE = (  # by the row of ours that has the book's next step: of one loss there is one row
    select(OTHER.id)
    .where(OTHER.tenant_id == PartyRow.tenant_id, OTHER.request_id == PartyRow.request_id)
    .where(OTHER.attempt == PartyRow.attempt, OTHER.role != PartyRow.role, GONE)
    .where(or_(PartyRow.role == R, OTHER.role == P))
    .correlate(PartyRow)
    .exists()
)
LATELY = Arrival.created_at > text("now() - interval '30 days'")
LATE = PartyRow.facts["loan_due"].as_integer() < func.extract("epoch", func.now())

LISTS: Mapping[str, ColumnElement[bool]] = {
    "answer": stands(S, "NEW VALIDATED CANCEL_REQUESTED RENEW_REQUESTED"),
    "pull": and_(PROMISED, ~PULLED),
    "ship": or_(and_(PROMISED, PULLED), stands(P, "RETURNED UNCOLLECTED DAMAGED")),
    "receive": or_(stands(P, "ON_ITS_WAY UNWANTED"), stands(S, "SHIPPED_RETURN")),
    "shelf": or_(stands(P, "RECEIVED READY"), PUT_BACK),
    "overdue": or_(stands(S, "OVERDUE RECALLED"), and_(stands(P, "LENT"), LATE)),
    "lost": and_(GONE, ~TOLD_BESIDE),
    "problem": or_(
        PartyRow.trouble.is_not(None),
        stands(R, "NEEDS_REVIEW DUPLICATE INVALID_PATRON CONDITION_PENDING RETRY_PENDING"),
        stands(P, "CLAIMED"),
    ),
}


def worklist(name: str) -> Select[PartyRow]:
    """The parties of this branch that wait for a hand, or NoSuchWorklist."""
    if name not in LISTS:
        raise NoSuchWorklist("These there are.", worklists=list(LISTS))
    return select(PartyRow).where(LISTS[name])


async def counts(session: AsyncSession) -> dict[str, int]:
    """How long each list is, with the books that stand under it; not what is over.

    Those that were left here are problems, those that never came home are lost; of what is over
    that alone counts which disagrees, is lost and not settled, or is to be put back.
    """
    columns = [func.count().filter(LISTS[name]).label(name) for name in LISTS]
    left = select(func.count()).select_from(strangers().subquery()).scalar_subquery()
    gone = select(func.count()).select_from(astray().subquery()).scalar_subquery()
    rows = select(*columns, left.label("left"), gone.label("gone"))
    row = await session.execute(
        rows.where(or_(~PartyRow.over, GONE, GIVEN_UP, PartyRow.trouble.is_not(None)))
    )
    told: dict[str, int] = dict(row.mappings().one())
    told["problem"] += told.pop("left")
    told["lost"] += told.pop("gone")
    return told


def first(waiting: Mapping[str, int]) -> str:
    """The list that a desk sees first: of those where work waits; by *counts*."""
    return next((name for name in NAMES if waiting[name]), "pull")


def strangers() -> Select[Arrival]:
    """Books of other branches that lie here: whose nobody knows, or waiting for the courier."""
    return select(Arrival).where(LATELY, Arrival.state != "settled")
