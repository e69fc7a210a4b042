"""The catalogue on its way out over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from pinakes.platform.http import Asker, Session
from pinakes.platform.jobs import JobView, job_view
from pinakes.platform.replies import once
from pinakes.tenants.catalogue import exporting, takeout
from pinakes.tenants.catalogue.giving import ExportWish
from pinakes.tenants.registry import placement


class Exports(Controller):
    path = "/catalogue/exports"
    tags = ["catalogue"]

    @post()
    @once
    async def start(self, data: JSONBody[ExportWish], session: Session, asker: Asker) -> JobView:
        """Begin to write the catalogue into a file; follow the job at ``…/jobs/ID``."""
        return job_view(await exporting.start_export(session, data))

    @get("/{id:uuid}/file")
    async def file(
        self, id: FromPath[UUID], request: Request[Any, Any, Any], session: Session
    ) -> Stream:
        """The file of an export that is done."""
        rows = await exporting.exported(session, id)
        files = await placement.store(session, request.app.state.objects)
        return Stream(
            files.stream(exporting.key_of_export(id)),
            media_type=rows.kind,
            headers={"Content-Disposition": f'attachment; filename="{rows.name}"'},
        )


class Takeouts(Controller):
    path = "/takeouts"
    tags = ["catalogue"]

    @post()
    @once
    async def start(self, session: Session, asker: Asker) -> JobView:
        """Begin to pack all that the branch has: records, items, readers."""
        return job_view(await takeout.start_takeout(session))

    @get("/{id:uuid}/file")
    async def file(
        self, id: FromPath[UUID], request: Request[Any, Any, Any], session: Session
    ) -> Stream:
        """The ZIP of a takeout that is done."""
        job = await takeout.taken(session, id)
        files = await placement.store(session, request.app.state.objects)
        return Stream(
            files.stream(exporting.key_of_export(job.id)),
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="takeout.zip"'},
        )
