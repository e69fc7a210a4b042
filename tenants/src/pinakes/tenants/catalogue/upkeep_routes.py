"""Looking after a catalogue over HTTP: duplicates, what goes out of stock, what is derived anew."""

from uuid import UUID

from litestar import Controller, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from pinakes.platform.http import Session
from pinakes.platform.jobs import JobView, job_view
from pinakes.platform.paging import After, Limit, Page
from pinakes.platform.replies import once
from pinakes.tenants.catalogue import deciding, duplicates, lists, rederiving, service
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.schemas import RecordView, TwinView
from pinakes.tenants.catalogue.withdrawing import withdraw


class Decision(Struct, forbid_unknown_fields=True):
    """What two titles are; of two that are the same, ``keep`` stays."""

    verdict: Verdict
    keep: UUID | None = None


class Withdrawal(Struct, forbid_unknown_fields=True):
    """Whether the record is out of stock."""

    withdrawn: bool


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
        return await lists.twins(session, verdict, after, limit)

    @post("/{id:uuid}/decide", status_code=200)
    @once
    async def decide(
        self, id: FromPath[UUID], data: JSONBody[Decision], session: Session
    ) -> TwinView:
        """Say that two titles are different, or the same: then one gets the other's copies."""
        twin = await deciding.decide(session, id, data.verdict, data.keep)
        return await deciding.view(session, twin)


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
