"""What lies in lists, page by page, newest first; the same for every door."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.jobs import Job
from pinakes.platform.paging import Page, newest
from pinakes.tenants.catalogue import deciding, service
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.models import Quarantined, Twin
from pinakes.tenants.catalogue.schemas import ImportView, QuarantinedView, TwinView


async def imports(session: AsyncSession, after: str | None, limit: int) -> Page[ImportView]:
    """The imports of this branch, of records or of items."""
    rows = service.imports()
    page = await newest(session, rows, Job.id, lambda one: one, after=after, limit=limit)
    return Page(await service.import_views(session, page.items), page.next)


async def pieces(
    session: AsyncSession, job: UUID, after: str | None, limit: int
) -> Page[QuarantinedView]:
    """What an import set aside, or NoSuchImport."""
    await service.imported(session, job)
    rows, view = service.quarantined(job), QuarantinedView.of
    return await newest(session, rows, Quarantined.id, view, after=after, limit=limit)


async def twins(
    session: AsyncSession, verdict: Verdict, after: str | None, limit: int
) -> Page[TwinView]:
    """Titles that may be the same, and of which that was said."""
    rows = deciding.listed(verdict)
    page = await newest(session, rows, Twin.id, lambda one: one, after=after, limit=limit)
    return Page(await deciding.views(session, page.items), page.next)
