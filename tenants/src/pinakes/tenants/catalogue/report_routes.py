"""What an import did, over HTTP: as one object, and as a table for a spreadsheet."""

from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.http import Asker, Data, Here
from pinakes.platform.http import Session as Opened
from pinakes.platform.identity import Principal
from pinakes.platform.jobs import Job
from pinakes.platform.paging import After, Page
from pinakes.tenants.catalogue import repaired, service
from pinakes.tenants.catalogue.repaired import Repaired
from pinakes.tenants.catalogue.schemas import ImportView
from pinakes.tenants.catalogue.telling import table


class Reports(Controller):
    path = "/catalogue/imports/{id:uuid}"
    tags = ["catalogue"]

    @get("/report")
    async def show(self, id: FromPath[UUID], session: Opened) -> ImportView:
        """An import of records or of items: its file, its state, its counts, and its undos."""
        return await service.import_view(session, id)

    @get("/repairs")
    async def repairs(
        self, id: FromPath[UUID], session: Opened, after: FromQuery[After] = None
    ) -> Page[Repaired]:
        """Records that had to be put right to be read; go on until ``next`` is null."""
        await service.imported(session, id)
        return await repaired.page(session, id, after)

    @get("/report.csv")
    async def table(
        self, id: FromPath[UUID], session: Opened, database: Data, here: Here, asker: Asker
    ) -> Stream:
        """The same as CSV; line by line what did not come in, was updated, or was put right."""
        return as_csv(await service.imported(session, id), database, here, asker)


def as_csv(job: Job, database: Database, here: Tenant, asker: Principal) -> Stream:
    """The report as a file for a spreadsheet."""
    return Stream(
        table(lambda: unit_of_work(database.app, here.id, asker), job),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="report.csv"'},
    )
