"""The jobs of one branch: what runs, what came of it, and the wish to stop."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy import select

from pinakes.main.rights import RIGHTS, STARTS
from pinakes.platform.errors import Forbidden
from pinakes.platform.feature import Feature
from pinakes.platform.http import PARTING, Asker, Session
from pinakes.platform.identity import Principal
from pinakes.platform.jobs import Job, JobView, cancel, found, job_view
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once


class JobNotYours(Forbidden):
    code = "job_not_yours"
    title = "Your role may not stop this job"


def check_role(asker: Principal, kind: str) -> None:
    """Raise JobNotYours unless the asker might have started a job of this kind."""
    operation = STARTS.get(kind)
    if operation and not asker.may(RIGHTS[operation]):
        raise JobNotYours("Whoever may start such a job may stop it.")


class Jobs(Controller):
    path = "/jobs"
    tags = ["jobs"]

    @get(opt={PARTING: True})
    async def list(
        self, session: Session, after: FromQuery[After] = None, limit: FromQuery[Limit] = 50
    ) -> Page[JobView]:
        """The branch's jobs, newest first."""
        return await newest(session, select(Job), Job.id, job_view, after=after, limit=limit)

    @get("/{id:uuid}", opt={PARTING: True})
    async def show(self, id: FromPath[UUID], session: Session) -> JobView:
        """One job: its state, how far it is, and its report."""
        return job_view(await found(session, id))

    @post("/{id:uuid}/cancel", status_code=200)
    @once
    async def cancel(self, id: FromPath[UUID], session: Session, asker: Asker) -> JobView:
        """Ask a job to stop; what it has done so far stays."""
        check_role(asker, (await found(session, id)).kind)
        return job_view(await cancel(session, id))


feature = Feature(name="jobs", routes=[Jobs])
