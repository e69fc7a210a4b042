"""Items as they were before a job put them into stock or changed them."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.former import forget, remove
from pinakes.tenants.items.machine import Status
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import TakenBack, Untaken
from pinakes.tenants.items.service import tell

# One that nobody has touched since is of the version that the job wrote: its first, or the one
# after the former. An item of a later job has another import, and its former one says this job.
WROTE = text("""
    SELECT i.id, i.record_id, i.barcode, i.status, f.row_id IS NULL AS new,
           i.version <> coalesce((f.was->>'version')::integer + 1, 1)
               OR i.import_id IS DISTINCT FROM :job AS changed
    FROM item i LEFT JOIN former f ON f.job_id = :job AND f.row_id = i.id
    WHERE i.id > :after AND (i.import_id = :job OR i.id IN (
        SELECT later.row_id FROM former later
        WHERE later.import_id = :job AND later.kind = 'item' AND later.row_id > :after
        ORDER BY later.row_id LIMIT :most))
    ORDER BY i.id LIMIT :most FOR UPDATE OF i
""")
RESTORE = text("""
    UPDATE item i
    SET (record_id, kind, status, call_number, location, copy, price, import_id) =
        (was.record_id, was.kind, was.status, was.call_number, was.location, was.copy, was.price,
         was.import_id), version = i.version + 1
    FROM former f, jsonb_populate_record(NULL::item, f.was) was
    WHERE f.job_id = :job AND f.row_id = i.id AND i.id = ANY(CAST(:ids AS uuid[]))
""")


async def take_back(session: AsyncSession, job: UUID, after: UUID, most: int) -> TakenBack:
    """Some of the items that the *job* wrote, behind *after*: new ones go, others are as before."""
    params = {"job": job, "after": after, "most": most}
    rows = (await session.execute(WROTE, params)).all()
    mine = [row for row in rows if not row.changed]
    old = [row.id for row in mine if not row.new]
    new = [row.id for row in mine if row.new]
    await session.execute(RESTORE, {"job": job, "ids": old})
    await forget(session, job, old)
    used = await remove(session, Item, new)
    tell(session, *{row.record_id for row in mine if row.id not in used})
    kept = [row for row in rows if row.changed or row.id in used]
    return TakenBack(
        removed=len(new) - len(used),
        restored=len(old),
        kept=[Untaken(row.id, row.barcode, why(row.status, changed=row.changed)) for row in kept],
        last=rows[-1].id if rows else None,
    )


def why(status: str, *, changed: bool) -> str:
    """What keeps an item as it is."""
    if status == Status.LENT:
        return "lent_since"
    return "changed_since" if changed else "still_used"
