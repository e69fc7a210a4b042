"""Whole tables of readers over HTTP: in as a job, out as a file."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, Parameter, RawBody

from pinakes.platform.cells import written
from pinakes.platform.http import Asker, Session
from pinakes.platform.jobs import JobView, found, job_view
from pinakes.platform.paging import Page
from pinakes.platform.replies import once
from pinakes.tenants.readers import importing, table
from pinakes.tenants.readers.exporting import COLUMNS, exported
from pinakes.tenants.readers.schemas import LineView

Behind = Annotated[int, Parameter(ge=0, le=table.MOST + 1)]
Lines = Annotated[int, Parameter(ge=1, le=1000)]


class Tables(Controller):
    path = "/readers"
    tags = ("readers",)

    @post("/import", status_code=202)
    @once
    async def bring(
        self, body: RawBody, session: Session, asker: Asker, dry_run: FromQuery[bool] = False
    ) -> JobView:
        """Send a CSV as the body; follow the job at `…/jobs/ID` and its lines beside."""
        return job_view(await importing.stage(session, table.read(body), dry_run=dry_run))

    @get("/import/{id:uuid}/lines")
    async def lines(
        self,
        id: FromPath[UUID],
        session: Session,
        after: FromQuery[Behind] = 0,
        limit: FromQuery[Lines] = 200,
    ) -> Page[LineView]:
        """What became of each line, in the order of the file, from behind the line `after`."""
        await found(session, id)
        lines = await importing.lines_of(session, id, after, limit + 1)
        shown = lines[:limit]
        return Page(shown, str(shown[-1].line) if len(lines) > limit else None)

    @get("/export", media_type="text/csv")
    async def export(self, session: Session) -> Response[bytes]:
        """All readers whose home this is, as a CSV that can be brought in again."""
        return Response(
            written(await exported(session), COLUMNS),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="readers.csv"'},
        )
