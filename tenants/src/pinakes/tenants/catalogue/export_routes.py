"""The catalogue on its way out over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.http import PARTING, Session
from pinakes.platform.jobs import JobView, job_view
from pinakes.platform.replies import once
from pinakes.tenants.catalogue import exporting, takein, takeout
from pinakes.tenants.catalogue.giving import ExportWish
from pinakes.tenants.catalogue.schemas import TakeinWish
from pinakes.tenants.registry import placement


class Exports(Controller):
    path = "/catalogue/exports"
    tags = ["catalogue"]
    opt = {PARTING: True}

    @post()
    @once
    async def start(self, data: JSONBody[ExportWish], session: Session) -> JobView:
        """Begin to write the catalogue into a file; follow the job at ``…/jobs/ID``."""
        return job_view(await exporting.start_export(session, data))

    @get("/{id:uuid}/file")
    async def file(
        self, id: FromPath[UUID], request: Request[Any, Any, Any], session: Session
    ) -> Stream:
        """The file of an export that is done."""
        rows = await exporting.exported(session, id)
        return await handed_out(request, session, id, rows.name, rows.kind)


class Takeouts(Controller):
    path = "/takeouts"
    tags = ["catalogue"]
    opt = {PARTING: True}

    @post()
    @once
    async def start(self, session: Session) -> JobView:
        """Begin to pack all that the branch has: catalogue, readers, lending, settings."""
        return job_view(await takeout.start_takeout(session))

    @get("/{id:uuid}/file")
    async def file(
        self, id: FromPath[UUID], request: Request[Any, Any, Any], session: Session
    ) -> Stream:
        """The ZIP of a takeout that is done."""
        await exporting.done(session, id, takeout.TAKEOUT)
        return await handed_out(request, session, id, "takeout.zip", takeout.KIND)


class Takeins(Controller):
    path = "/takeins"
    tags = ["catalogue"]

    @post()
    @once
    async def start(self, data: JSONBody[TakeinWish], session: Session) -> JobView:
        """Begin to bring in the catalogue that another branch has taken along, an uploaded ZIP."""
        return job_view(await takein.start_takein(session, data))


async def handed_out(
    request: Request[Any, Any, Any], session: AsyncSession, id: UUID, name: str, kind: str
) -> Stream:
    """The file that a job has made, under its name."""
    files = await placement.store(session, request.app.state.objects)
    return Stream(
        files.stream(exporting.key_of_export(id)),
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
