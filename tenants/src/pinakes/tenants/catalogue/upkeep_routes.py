"""Looking after a catalogue over HTTP: duplicates, what goes out of stock, what is derived anew."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.http import Session
from pinakes.platform.jobs import JobView, job_view
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once
from pinakes.tenants.catalogue import deciding, duplicates, rederiving, service
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.models import CatalogueRecord, Twin
from pinakes.tenants.catalogue.schemas import RecordView
from pinakes.tenants.catalogue.withdrawing import withdraw


class Decision(Struct, forbid_unknown_fields=True):
    """What two titles are; of two that are the same, ``keep`` stays."""

    verdict: Verdict
    keep: UUID | None = None


class Withdrawal(Struct, forbid_unknown_fields=True):
    """Whether the record is out of stock."""

    withdrawn: bool


class TwinView(Struct):
    """Two titles that may be the same, the older one first, and the rule that says so."""

    id: UUID
    rule: str
    verdict: Verdict
    first: RecordView
    second: RecordView


class Duplicates(Controller):
    path = "/catalogue/duplicates"
    tags = ["catalogue"]

    @post("/search")
    @once
    async def search(self, session: Session) -> JobView:
        """Begin to look for titles that may be the same; follow the job at ``…/jobs/ID``."""
        return job_view(await duplicates.start_search(session))

    @get()
    async def list(
        self,
        session: Session,
        verdict: FromQuery[Verdict] = Verdict.OPEN,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[TwinView]:
        """Titles that may be the same, or those that somebody has decided on, newest first."""
        rows = deciding.listed(verdict)
        page = await newest(session, rows, Twin.id, lambda twin: twin, after=after, limit=limit)
        return Page(await views(session, page.items), page.next)

    @post("/{id:uuid}/decide", status_code=200)
    @once
    async def decide(
        self, id: FromPath[UUID], data: JSONBody[Decision], session: Session
    ) -> TwinView:
        """Say that two titles are different, or the same: then one gets the other's copies."""
        twin = await deciding.decide(session, id, data.verdict, data.keep)
        return (await views(session, [twin]))[0]


class Upkeep(Controller):
    path = "/catalogue"
    tags = ["catalogue"]

    @put("/records/{id:uuid}/withdrawn")
    async def withdraw(
        self, id: FromPath[UUID], data: JSONBody[Withdrawal], session: Session
    ) -> RecordView:
        """Take a record out of stock for good, or back in; copies must have gone before."""
        return service.record_view(await withdraw(session, id, data.withdrawn))

    @post("/rederive")
    @once
    async def rederive(self, session: Session) -> JobView:
        """Begin to make anew what is indexed of each record, out of the record itself."""
        return job_view(await rederiving.start_rederiving(session))


async def views(session: AsyncSession, twins: Sequence[Twin]) -> list[TwinView]:
    """The pairs with what both records say."""
    ids = {id for twin in twins for id in (twin.first_id, twin.second_id)}
    rows = await session.scalars(select(CatalogueRecord).where(CatalogueRecord.id.in_(ids)))
    told = {row.id: service.record_view(row) for row in rows}
    return [
        TwinView(twin.id, twin.rule, twin.verdict, told[twin.first_id], told[twin.second_id])
        for twin in twins
        if twin.first_id in told and twin.second_id in told
    ]
