"""Whole tables of readers over HTTP: in as a job, out as a file."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, Parameter, RawBody
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import unit_of_work
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.jobs import JobView, found, job_view
from pinakes.platform.paging import Page
from pinakes.platform.replies import once
from pinakes.tenants.readers import exporting, importing, table
from pinakes.tenants.readers.schemas import LineView

Behind = Annotated[int, Parameter(ge=0, le=table.MOST + 1)]
Lines = Annotated[int, Parameter(ge=1, le=1000)]


class Tables(Controller):
    path = "/readers"
    tags = ("readers",)

    @post("/import", status_code=202)
    @once
    async def bring(
        self, body: RawBody, session: Session, dry_run: FromQuery[bool] = False
    ) -> JobView:
        """Send a CSV as the body; follow the job at `…/jobs/ID` and its lines beside."""
        lines = await asyncio.to_thread(table.read, body)
        return job_view(await importing.stage(session, lines, dry_run=dry_run))

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
    async def export(self, session: Session, database: Data, here: Here, asker: Asker) -> Stream:
        """All readers whose home this is, as a CSV that can be brought in again."""
        exporting.begin(session)

        def opened() -> AbstractAsyncContextManager[AsyncSession]:
            return unit_of_work(database.app, here.id, asker)

        return Stream(
            (body async for body, _ in exporting.table(opened)),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="readers.csv"'},
        )
