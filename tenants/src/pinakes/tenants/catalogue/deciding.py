"""What a person says of two titles that may be the same, once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from pinakes.platform.audit import note
from pinakes.platform.db import lock
from pinakes.platform.errors import BadRequest, Conflict, NotFound
from pinakes.platform.language import later
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.models import CatalogueRecord, Twin
from pinakes.tenants.catalogue.ready import LIVE
from pinakes.tenants.catalogue.schemas import TwinView
from pinakes.tenants.catalogue.service import locked, record_view
from pinakes.tenants.catalogue.withdrawing import withdraw
from pinakes.tenants.items.moving import rehome


class NoSuchTwin(NotFound):
    code = "no_such_duplicate"
    title = "There are no such two titles here"


class DecidedAlready(Conflict):
    code = "decided_already"
    title = "These two titles were made one already"


class NeitherOfThem(BadRequest):
    code = "neither_of_them"
    title = "Say which of the two stays"


class NotShown(Conflict):
    code = "record_not_shown"
    title = "Readers do not see the record that would stay"


def listed(verdict: Verdict) -> Select[Twin]:
    """The pairs of which that was said, as long as both records are in stock."""
    first, second = aliased(CatalogueRecord), aliased(CatalogueRecord)
    rows = select(Twin).join(first, first.id == Twin.first_id)
    both = rows.join(second, second.id == Twin.second_id).where(Twin.verdict == verdict)
    if verdict is Verdict.SAME:
        return both
    return both.where(*(~row.withdrawn & (row.state == LIVE) for row in (first, second)))


async def views(session: AsyncSession, twins: Sequence[Twin]) -> list[TwinView]:
    """The pairs with what both records say."""
    ids = {id for twin in twins for id in (twin.first_id, twin.second_id)}
    rows = await session.scalars(select(CatalogueRecord).where(CatalogueRecord.id.in_(ids)))
    told = {row.id: record_view(row) for row in rows}
    return [
        TwinView(twin.id, twin.rule, twin.verdict, told[twin.first_id], told[twin.second_id])
        for twin in twins
        if twin.first_id in told and twin.second_id in told
    ]


async def view(session: AsyncSession, twin: Twin) -> TwinView:
    """One pair, or NoSuchTwin when a record of it is gone."""
    for found in await views(session, [twin]):
        return found
    raise NoSuchTwin("Look at the list of possible duplicates.")


async def pair(session: AsyncSession, id: UUID) -> Twin:
    """Two titles that may be the same, or NoSuchTwin."""
    twin = await session.get(Twin, (session.info["tenant"], id))
    if twin is None:
        raise NoSuchTwin("Look at the list of possible duplicates.")
    return twin


async def decide(
    session: AsyncSession, id: UUID, verdict: Verdict, keep: UUID | None = None
) -> Twin:
    """Say what two titles are. Of two that are the same, *keep* gets all copies and stays.

    Raises:
        NoSuchTwin, DecidedAlready: there is nothing to decide.
        NeitherOfThem: *keep* is not one of the two.
        NotShown: copies that readers see would come under a title that they do not see.
    """
    twin = await lock(session, Twin, id)
    if twin is None:
        raise NoSuchTwin("Look at the list of possible duplicates.")
    if twin.verdict is Verdict.SAME:
        raise DecidedAlready("Take the record that went back into stock, if it is another title.")
    if verdict is Verdict.SAME:
        if keep is None or keep not in (twin.first_id, twin.second_id):
            raise NeitherOfThem("Name in `keep` the record that stays.")
        await unite(session, keep, twin.second_id if keep == twin.first_id else twin.first_id)
    twin.verdict, twin.decided_at = verdict, func.now()
    note(session, f"catalogue.{verdict}", id)
    await session.flush()
    return twin


async def unite(session: AsyncSession, keep: UUID, goes: UUID) -> None:
    """Give every copy of one record to the other and take the one out of stock."""
    rows = {id: await locked(session, id) for id in sorted((keep, goes))}  # in everybody's order
    if hides(rows[keep], rows[goes]):
        raise NotShown(later("Keep the other one, or show this one to readers again first."))
    await rehome(session, goes, keep)
    await withdraw(session, goes, True)


def hides(kept: CatalogueRecord, other: CatalogueRecord) -> bool:
    """Whether copies of *other* would be seen no more under the record that is kept."""
    out_of_stock = kept.withdrawn or kept.state != LIVE
    return out_of_stock or (kept.suppressed and not other.suppressed)
