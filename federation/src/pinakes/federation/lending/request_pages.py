"""One request whole, on a page of its own: what a branch knows of it, and may do next."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, Parameter, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import acting, looking, service, story, wording
from pinakes.federation.lending.model import INNER
from pinakes.federation.lending.pressed import Did, done_just_now
from pinakes.federation.lending.routes import role_of
from pinakes.federation.lending.schemas import IN_HOUSE, Doing
from pinakes.platform.clock import now
from pinakes.platform.directory import Directory
from pinakes.platform.errors import Problem
from pinakes.platform.http import Here, Session, describe, understand
from pinakes.platform.pages import page

Word = Annotated[str, Parameter(max_length=40)]
Call = Request[Any, Any, Any]
UNASKED = INNER - {"valid"}  # what follows by itself from what somebody did


class Said(Struct):
    """Which attempt a button is about, and what its form says: see ``acting.FIELDS``."""

    attempt: Annotated[int, Meta(ge=1, le=1000)] | None = None
    note: str = ""
    reason: str = ""
    condition: str = ""
    in_house: str = ""
    parcel: str = ""
    damage: str = ""
    payer: str = ""
    days: str = ""

    def facts(self, act: str) -> dict[str, Any]:
        """What of it goes with the act, with plain ends of lines (browsers send two characters)."""
        fields = {name: getattr(self, name) for name in acting.FIELDS.get(act, ())}
        told = {name: words.replace("\r\n", "\n").strip() for name, words in fields.items()}
        if told.pop("in_house", ""):
            told["condition"] = IN_HOUSE
        known = {name: words for name, words in told.items() if words}
        return msgspec.convert(known, Doing, strict=False).facts(int(now().timestamp()))


class RequestPages(Controller):
    path = "/lending/requests"
    include_in_schema = False

    @get("/{id:uuid}")
    async def show(
        self, id: FromPath[UUID], request: Call, session: Session, opened: FromQuery[Word] = ""
    ) -> Response[str]:
        """All that this branch is in a request, what it did, and why; *opened*: a form there."""
        return await shown(request, session, id, pressed=opened)

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
        """A button of the page, or a form; what is refused is told on the same page."""
        party = role_of(role)
        try:
            async with session.begin_nested():
                facts = data.facts(act)
                found = await service.act(session, id, party, act, facts, data.attempt)
        except (Problem, msgspec.ValidationError) as error:
            problem, pressed = understand(error), f"{role}-{data.attempt}-{act}"
            return await shown(request, session, id, problem, pressed=pressed, said=data)
        query = Did.by(found, act).query
        return Redirect(f"/b/{here.code}/lending/requests/{id}?{query}", status_code=303)


async def shown(
    request: Call,
    session: AsyncSession,
    id: UUID,
    problem: Problem | None = None,
    *,
    pressed: str = "",
    said: Said | None = None,
) -> Response[str]:
    """The request as it stands now, the newest attempt first; or NoSuchRequest.

    *pressed*: the form that is open (role-attempt-act), with what was *said* in it.
    """
    directory: Directory = request.app.state.directory
    whole = await looking.whole(session, directory, id)
    twice = whole.parties[-1].state == "DUPLICATE"
    return page(
        request,
        "lending/request.html",
        status=problem.status if problem else 200,
        whole=whole,
        parties=list(reversed(whole.parties)),
        others=await looking.asked_before(session, id) if twice else (),
        did=await done_just_now(session, directory, request.query_params),
        problem=describe(problem) if problem else None,
        pressed=pressed,
        said=said,
        branches=directory.codes,
        **WORDS,
    )


WORDS: Mapping[str, Any] = {
    "states": wording.STATES,
    "acts": wording.ACTS,
    "words": wording.FIELDS,
    "acting": acting,
    "story": story,
    "unasked": UNASKED,
    "unsaid": Said(),
    "in_house": IN_HOUSE,
}
