"""What an import did, over HTTP: as one object, and as a table for a spreadsheet."""

from contextlib import AbstractAsyncContextManager
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import unit_of_work
from pinakes.platform.http import Asker, Data, Here
from pinakes.platform.http import Session as Opened
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.schemas import ImportView
from pinakes.tenants.catalogue.telling import table


class Reports(Controller):
    path = "/catalogue/imports/{id:uuid}"
    tags = ["catalogue"]

    @get("/report")
    async def show(self, id: FromPath[UUID], session: Opened) -> ImportView:
        """An import of records or of items: its file, its state, its counts, and its undos."""
        return await service.import_view(session, id)

    @get("/report.csv")
    async def table(
        self, id: FromPath[UUID], session: Opened, database: Data, here: Here, asker: Asker
    ) -> Stream:
        """The same as CSV, with a line for each piece and copy that did not come in."""
        job = await service.imported(session, id)

        def opened() -> AbstractAsyncContextManager[AsyncSession]:
            return unit_of_work(database.app, here.id, asker)

        return Stream(
            table(opened, job),
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="report.csv"'},
        )
