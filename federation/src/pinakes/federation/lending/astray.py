"""Books on no request that set out for home and never came: given up after a month."""

from uuid import UUID

from sqlalchemy import Select, and_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.models import ASTRAY, Transit
from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import Database
from pinakes.platform.errors import NotFound
from pinakes.platform.language import later
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.astray import never_came

LATE = text("""
    UPDATE transit SET lost_at = now()
    WHERE party_id IS NULL AND received_at IS NULL AND lost_at IS NULL
      AND to_id = :tenant AND shipped_at < now() - interval '30 days'
    RETURNING barcode
""")
STILL_MISSING = text("""EXISTS (
    SELECT FROM item i WHERE i.tenant_id = transit.tenant_id AND i.barcode = transit.barcode
    AND i.guest_of IS NULL AND i.status = 'missing')""")  # else a hand, or its request, has said


class NotAstray(NotFound):
    code = "not_astray"
    title = "No book that never came home has this id"


async def give_up(session: AsyncSession, tenant: int) -> None:
    """What should have been here long ago is missing, until a scan says otherwise."""
    for barcode in list(await session.scalars(LATE, {"tenant": tenant})):
        await never_came(session, barcode)


async def give_up_late(database: Database) -> None:
    """The same at every branch."""
    await in_turn(database, give_up)


def astray() -> Select[Transit]:
    """The last ways of our books that are missing since, until that is settled."""
    return select(Transit).where(text(ASTRAY), STILL_MISSING)


async def settle(session: AsyncSession, id: UUID) -> None:
    """The branch has done what it had to: whatever ways the book was on, no list has it any more.

    Raises:
        NotAstray: it has no such way, or the book has been found.
    """
    way = await session.get(Transit, (session.info["tenant"], id))
    if way is None or way.party_id is not None or way.lost_at is None:
        raise NotAstray(later("Look at the list of lost books."))
    gone = and_(Transit.barcode == way.barcode, text(ASTRAY))
    await session.execute(update(Transit).where(gone).values(settled_at=now()))
    note(session, "way.settle", id)
