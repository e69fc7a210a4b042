"""Lending in the browser: worklists with one field to scan into, slips, and a reader's requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, Parameter, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import acting, hot, pausing, scanning, service, story, wording
from pinakes.federation.lending.astray_pages import listed as never_home
from pinakes.federation.lending.fetching import waiting, works
from pinakes.federation.lending.models import Arrival
from pinakes.federation.lending.parcels import on_their_way
from pinakes.federation.lending.pressed import Did, dealt_with, done_just_now, settled_just_now
from pinakes.federation.lending.routes import role_of
from pinakes.federation.lending.schemas import IN_HOUSE, Doing, PartyView, Scan, Scanned
from pinakes.federation.lending.worklists import NAMES, counts, first, strangers
from pinakes.platform.clock import now
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Problem
from pinakes.platform.http import Asker, Data, Here, Session, describe, understand
from pinakes.platform.pages import page
from pinakes.platform.paging import After, Page, newest
from pinakes.platform.words import whole
from pinakes.tenants.circulation.hot import Desk
from pinakes.tenants.circulation.routes import AtDesk, desk_of

FEW = 50
PACKING = {"pull", "ship"}  # lists from which books are sent
SLIPPED = PACKING | {"receive", "shelf"}  # with a book on each row that goes somewhere
SHELVED = {"RECEIVED", "READY"}
HOMEWARD = {"UNWANTED", "LENT", "CLAIMED", "RETURNED", "UNCOLLECTED", "DAMAGED", "SENT_ON",
            "SHIPPED_RETURN", "SHIPPED_RETURNED"}  # fmt: skip
Word = Annotated[str, Parameter(max_length=40)]
Field = Annotated[str, Meta(max_length=64)]
Call = Request[Any, Any, Any]


class Scanning(Struct):
    """What the field sends; *owner*: whose it is, where several are; and the list it stood on."""

    scanned: Field = ""
    owner: Field = ""
    back: Field = "pull"
    parcel: Field = ""  # into which goes what is sent

    @property
    def told(self) -> Scan:
        """The scan, or ValidationError."""
        told = {"barcode": self.scanned.strip(), "parcel": self.parcel.strip()}
        return msgspec.convert(told | {"owner": self.owner or None}, Scan)


class Pressed(Struct):
    """Which attempt a button is about, and the list it stood on."""

    attempt: Annotated[int, Meta(ge=1, le=1000)] | None = None
    back: Field = "pull"
    parcel: Field = ""

    def facts(self, act: str) -> dict[str, Any]:
        """What goes with the act: the parcel's number, if it sends the book; ValidationError."""
        parcel = self.parcel.strip() if act in acting.PACKED else ""
        return msgspec.convert({"parcel": parcel}, Doing).facts(int(now().timestamp()))


class Until(Struct):
    """The day from which a request waits again; empty: once it is resumed."""

    until: Annotated[
        str, Meta(pattern=whole(r"([0-9]{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01]))?"))
    ] = ""


class LendingPages(Controller):
    path = "/lending"
    include_in_schema = False

    @get("/")
    async def first(self, request: Call, session: Session) -> Response[str]:
        """The first list on which work waits."""
        return await shown(request, session, None, News())

    @get("/{name:str}")
    async def show(
        self,
        name: FromPath[Word],
        request: Call,
        session: Session,
        after: FromQuery[After] = None,
        left_after: FromQuery[After] = None,
    ) -> Response[str]:
        """One list of work; what stands under the problems, and the lost, goes on by itself."""
        return await shown(request, session, name, News(), after, left_after)

    @post("/scan", status_code=200)
    async def scan(
        self, request: Call, session: Session, data: URLEncodedBody[Scanning]
    ) -> Response[Any]:
        """Do what is next with the book; what is refused is told on the same page."""
        directory: Directory = request.app.state.directory
        name = worked(data.back)
        try:
            async with session.begin_nested():
                done = await scanning.scan(session, directory, data.told)
        except (Problem, msgspec.ValidationError) as error:
            news = News((), understand(error), data.scanned, data.parcel)
            return await shown(request, session, name, news)
        return await shown(request, session, name, News(done, parcel=data.parcel))

    @post("/{id:uuid}/{role:str}/{act:str}")
    async def act(
        self,
        id: FromPath[UUID],
        role: FromPath[Word],
        act: FromPath[Word],
        request: Call,
        session: Session,
        data: URLEncodedBody[Pressed],
    ) -> Response[Any]:
        """A button on a list; what was done, or why it was not, is told on that list."""
        name, party = worked(data.back), role_of(role)
        try:
            async with session.begin_nested():
                found = await service.act(session, id, party, act, data.facts(act), data.attempt)
        except (Problem, msgspec.ValidationError) as error:
            news = News(problem=understand(error), parcel=data.parcel)
            return await shown(request, session, name, news)
        code, did = request.path_params["branch"], Did.by(found, act).query
        kept = f"&{urlencode({'parcel': data.parcel})}" if data.parcel else ""
        return Redirect(f"/b/{code}/lending/{name}?{did}{kept}", status_code=303)

    @get("/slips/{id:uuid}/{role:str}")
    async def slip(
        self, id: FromPath[UUID], role: FromPath[Word], request: Call, session: Session
    ) -> Response[str]:
        """What is printed and laid into the book."""
        directory: Directory = request.app.state.directory
        party = await service.find(session, id, role_of(role), None)
        [row] = await works(session, directory, [party])
        return page(request, "lending/slip.html", row=row, way=way_of(row, directory))

    @get("/slips")
    async def slips(
        self,
        request: Call,
        session: Session,
        of: FromQuery[Word] = "ship",
        after: FromQuery[After] = None,
    ) -> Response[str]:
        """The slips of one list as far as a page shows it, each on a page of its own."""
        directory: Directory = request.app.state.directory
        rows = await waiting(session, directory, of, after, FEW)
        slips = [(row, way_of(row, directory)) for row in rows.items if not row.to_put_back]
        return page(request, "lending/slips.html", slips=slips, words=NAMES[of], next=rows.next)


class MyRequestPages(Controller):
    path = "/me/requests"
    include_in_schema = False

    dependencies = {"desk": Provide(desk_of)}

    @post("/{id:uuid}/suspension")
    async def suspend(
        self,
        id: FromPath[UUID],
        session: Session,
        asker: Asker,
        here: Here,
        database: Data,
        data: URLEncodedBody[Until],
    ) -> Response[Any]:
        """Let others go first for a while."""
        until = msgspec.convert(data.until, date) if data.until else None
        await pausing.suspend(session, database, here, asker, id, until)
        return Redirect(f"/b/{here.code}/me/loans", status_code=303)

    @post("/{id:uuid}/resumption")
    async def resume(
        self, id: FromPath[UUID], session: Session, asker: Asker, here: Here, database: Data
    ) -> Response[Any]:
        """Wait on."""
        await pausing.resume(session, database, asker, id)
        return Redirect(f"/b/{here.code}/me/loans", status_code=303)

    @post("/{id:uuid}/{act:str}")
    async def act(
        self,
        id: FromPath[UUID],
        act: FromPath[Word],
        request: Call,
        desk: AtDesk,
    ) -> Response[Any]:
        """Cancel it, or ask for more time."""
        await hot.own(desk, id, "renew" if act == "renew" else "cancel")
        return listed(request, desk)


def listed(request: Call, desk: Desk) -> Response[Any]:
    """On to the reader's list; the worker is woken to carry what was told."""
    request.app.state.waker.wake()
    return Redirect(f"/b/{desk.here.code}/me/loans", status_code=303)


def way_of(row: PartyView, directory: Directory) -> tuple[Tenant, Tenant] | None:
    """From which branch to which the book goes next; none while it waits for its reader."""
    if row.state in SHELVED:
        return None
    supplier, pickup = directory.coded(row.supplier or row.home), directory.coded(row.pickup)
    return (pickup, supplier) if row.state in HOMEWARD else (supplier, pickup)


async def left_here(session: AsyncSession, after: str | None) -> Page[Arrival]:
    """Books of other branches, newest first."""
    return await newest(session, strangers(), Arrival.id, lambda row: row, after=after, limit=FEW)


def worked(name: str) -> str:
    return name if name in NAMES else "pull"


@dataclass(frozen=True, slots=True)
class News:
    """What has just happened at the desk, to be told above the list."""

    done: Sequence[Scanned] = ()
    problem: Problem | None = None
    scanned: str = ""
    parcel: str = ""  # kept for the next scan


WORDS: Mapping[str, Any] = {
    "names": NAMES,
    "states": wording.STATES,
    "acts": wording.ACTS,
    "verbs": wording.VERBS,
    "whys": wording.WHYS,
    "acting": acting,
    "steps": story.STEPS,
    "slipped": SLIPPED,
    "in_house": IN_HOUSE,
}

NONE = Page[Any]([])


async def shown(
    request: Call,
    session: AsyncSession,
    wanted: str | None,
    news: News,
    after: str | None = None,
    left_after: str | None = None,
) -> Response[str]:
    """A list as it stands now; else the first on which work waits."""
    directory: Directory = request.app.state.directory
    waits = await counts(session)
    name = first(waits) if wanted is None else wanted
    rows = await waiting(session, directory, name, after, FEW)
    problem, codes = news.problem, directory.codes
    return page(
        request,
        "lending/lists.html",
        status=problem.status if problem else 200,
        name=name,
        counts=waits,
        rows=rows,
        after=after,
        strangers=await left_here(session, left_after) if name == "problem" else NONE,
        astray=await never_home(session, directory, left_after, FEW) if name == "lost" else NONE,
        owners_of=directory.ids,
        branches=codes,
        owners=[codes[code] for code in problem.facts.get("owners", ())] if problem else (),
        done=news.done,
        did=await done_just_now(session, directory, request.query_params),
        left=await dealt_with(session, request.query_params),
        settled=await settled_just_now(session, request.query_params),
        problem=describe(problem) if problem else None,
        scanned=news.scanned,
        parcel=news.parcel or request.query_params.get("parcel", "")[:40],
        packed=acting.PACKED,
        parcels=await on_their_way(session) if name in PACKING else [],
        **WORDS,
    )
