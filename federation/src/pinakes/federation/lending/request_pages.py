"""One request whole, on a page of its own: what a branch knows of it, and may do next."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, Parameter, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import looking, service, story, wording
from pinakes.federation.lending.model import INNER, Role
from pinakes.federation.lending.pressed import Did, done_just_now
from pinakes.federation.lending.routes import role_of
from pinakes.federation.lending.schemas import IN_HOUSE, Doing, PartyView
from pinakes.platform.clock import now
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import BadRequest, Problem
from pinakes.platform.http import Here, Session, describe, understand
from pinakes.platform.language import later
from pinakes.platform.pages import page

Word = Annotated[str, Parameter(max_length=40)]
Call = Request[Any, Any, Any]
WRITE = "write"
UNASKED = INNER - {"valid"}  # what follows by itself from what somebody did


class NothingWritten(BadRequest):
    code = "nothing_written"
    title = "There is nothing in this note"


class Said(Struct):
    """Which attempt a button is about, and what is written to the other branch."""

    attempt: Annotated[int, Meta(ge=1, le=1000)] | None = None
    note: str = ""

    def facts(self, act: str) -> dict[str, Any]:
        """The note with plain ends of lines, which browsers send as two characters."""
        note = self.note.replace("\r\n", "\n").strip()
        if act == WRITE and not note:
            raise NothingWritten(later("Write what the other library should know."))
        return msgspec.convert({"note": note}, Doing).facts(int(now().timestamp()))


class RequestPages(Controller):
    path = "/lending/requests"
    include_in_schema = False

    @get("/{id:uuid}")
    async def show(
        self, id: FromPath[UUID], request: Call, session: Session, here: Here
    ) -> Response[str]:
        """All that this branch is in a request, what it did, and why."""
        return await shown(request, session, here, id)

    @post("/{id:uuid}/{role:str}/{act:str}")
    async def act(  # noqa: PLR0913, PLR0917  (which party, what, and how)
        self,
        id: FromPath[UUID],
        role: FromPath[Word],
        act: FromPath[Word],
        request: Call,
        session: Session,
        here: Here,
        data: URLEncodedBody[Said],
    ) -> Response[Any]:
        """A button of the page, or a note; what is refused is told on the same page."""
        party = role_of(role)
        try:
            async with session.begin_nested():
                facts = data.facts(act)
                found = await service.act(session, id, party, act, facts, data.attempt)
        except (Problem, msgspec.ValidationError) as error:
            problem = understand(error)
            return await shown(request, session, here, id, problem=problem, note=data.note)
        query = Did.by(found, act).query
        return Redirect(f"/b/{here.code}/lending/requests/{id}?{query}", status_code=303)


async def shown(
    request: Call,
    session: AsyncSession,
    here: Tenant,
    id: UUID,
    *,
    problem: Problem | None = None,
    note: str = "",
) -> Response[str]:
    """The request as it stands now, the newest attempt first; or NoSuchRequest."""
    directory: Directory = request.app.state.directory
    whole = await looking.whole(session, directory, id)
    return page(
        request,
        "lending/request.html",
        status=problem.status if problem else 200,
        whole=whole,
        parties=[(one, addressee(one, here)) for one in reversed(whole.parties)],
        did=await done_just_now(session, directory, request.query_params),
        problem=describe(problem) if problem else None,
        note=note,
        branches=directory.codes,
        owners_of=directory.ids,
        states=wording.STATES,
        acts=wording.ACTS,
        story=story,
        unasked=UNASKED,
        in_house=IN_HOUSE,
    )


def addressee(party: PartyView, here: Tenant) -> str | None:
    """The branch that a note of this party goes to; none while it may write to no other."""
    other = party.supplier if party.role == Role.REQUESTER else party.home
    return other if WRITE in party.acts and other != here.code else None
