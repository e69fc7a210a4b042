"""How many bytes a branch may keep beside its records: files that were sent, what was set aside."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import Conflict
from pinakes.tenants.registry.settings import effective

LIMIT = "catalogue.aside_mb"
MEGABYTE = 1_000_000
ALONE = text("SELECT pg_advisory_xact_lock(hashtext('catalogue.aside'), pinakes_tenant())")
TAKEN = text("""
    SELECT coalesce((SELECT sum(size) FROM upload WHERE gone_at IS NULL), 0)
         + coalesce((SELECT sum(octet_length(raw)) FROM quarantine WHERE mended_at IS NULL), 0)
""")


class NoRoomAside(Conflict):
    code = "no_room_aside"
    title = "The branch may keep no more bytes aside"


async def room_aside(session: AsyncSession) -> int:
    """How many bytes more the branch may keep aside; below nothing when it has too many."""
    limit = (await effective(session, session.info["tenant"], LIMIT)).value
    return int(limit) * MEGABYTE - int(await session.scalar(TAKEN) or 0)


async def take_room(session: AsyncSession, size: int) -> None:
    """Make sure that *size* bytes more may be kept, one after the other, or NoRoomAside."""
    await session.execute(ALONE)
    left = await room_aside(session)
    if size > left:
        raise full(size, left)


def full(size: int, left: int) -> NoRoomAside:
    """What to do about it; *left* is what there was room for."""
    return NoRoomAside(
        f"There is room for {max(left, 0):,} bytes, not for {size:,}. Mend what imports have set "
        f"aside, wait until uploaded files have had their week, or have {LIMIT} raised.",
        left=max(left, 0),
        size=size,
    )
