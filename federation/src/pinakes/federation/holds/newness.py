"""New copies serve their own branch alone for some days; how many those are is public."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.models import NewCopies, Supplier
from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work
from pinakes.tenants.items.service import new_since

KEEP = text("""
    INSERT INTO commons.new_copies (tenant_id, record_id, copies, until)
    SELECT :tenant, * FROM unnest(CAST(:records AS uuid[]), CAST(:copies AS integer[]),
                                  CAST(:until AS timestamptz[]))
""")


async def count_new(session: AsyncSession, branch: int, records: Sequence[UUID]) -> None:
    """Count the new copies of these records anew, in their branch's transaction."""
    database: Database = session.info["database"]
    mine = (NewCopies.tenant_id == branch, NewCopies.record_id.in_(records))
    days = await session.scalar(select(Supplier.new_days).where(Supplier.tenant_id == branch))
    if not days:
        return
    async with public_work(database.public) as public:
        found = await new_since(session, records, now() - timedelta(days=days))
        await public.execute(delete(NewCopies).where(*mine))
        told = {
            "tenant": branch,
            "records": list(found),
            "copies": [copies for copies, _ in found.values()],
            "until": [first + timedelta(days=days) for _, first in found.values()],
        }
        await public.execute(KEEP, told)
