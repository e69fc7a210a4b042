"""Books on no request that set out for home and never came: given up after a month."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.astray import never_came

LATE = text("""
    UPDATE transit SET lost_at = now()
    WHERE party_id IS NULL AND received_at IS NULL AND lost_at IS NULL
      AND to_id = :tenant AND shipped_at < now() - interval '30 days'
    RETURNING barcode
""")


async def give_up(session: AsyncSession, tenant: int) -> None:
    """What should have been here long ago is missing, until a scan says otherwise."""
    for barcode in list(await session.scalars(LATE, {"tenant": tenant})):
        await never_came(session, barcode)


async def give_up_late(database: Database) -> None:
    """The same at every branch."""
    await in_turn(database, give_up)
