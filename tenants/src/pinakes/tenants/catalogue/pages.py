"""The cataloguer's pages: what imports did, what they set aside, titles that may be the same."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Stream
from msgspec import Meta, Struct, convert

from pinakes.platform.errors import Problem, known
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.jobs import OPEN, Job
from pinakes.platform.language import later
from pinakes.platform.pages import page, root
from pinakes.platform.paging import After, newest
from pinakes.tenants.catalogue import deciding, duplicates, lists, mending, service
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.marc.reasons import label
from pinakes.tenants.catalogue.mending import ENCODINGS, Lines, Mending
from pinakes.tenants.catalogue.mending_routes import Encoding
from pinakes.tenants.catalogue.models import ItemTrouble
from pinakes.tenants.catalogue.report import brought
from pinakes.tenants.catalogue.report_routes import as_csv
from pinakes.tenants.catalogue.schemas import ItemTroubleView
from pinakes.tenants.catalogue.service import SHEET, imported
from pinakes.tenants.catalogue.telling import BESIDE, COUNTS

FEW, SOME = 20, 50
RENEWED = {"Refresh": "3"}  # seconds, without a script
STATES = {
    "queued": later("Waiting"),
    "running": later("Running"),
    "done": later("Done"),
    "failed": later("Failed"),
    "cancelled": later("Cancelled"),
}
RULES = {
    "isbn_title": later("The same ISBN and title"),
    "title_name_year": later("The same title, name and year"),
}
DIALECTS = {Dialect.MARC21: "MARC 21", Dialect.UNIMARC: "CNMARC / UNIMARC"}

Call = Request[Any, Any, Any]


class PieceForm(Struct):
    """What the form of a piece sends; without a text the bytes are read anew."""

    encoding: Annotated[str, Meta(max_length=40)] = ""
    dialect: Annotated[str, Meta(max_length=40)] = ""
    text: Lines | None = None


class Choice(Struct):
    """What somebody said of two titles: ``different``, or which of them stays."""

    keep: Annotated[str, Meta(max_length=40)] = ""


class CataloguingPages(Controller):
    path = "/cataloguing"
    include_in_schema = False

    @get("/")
    async def imports(
        self, request: Call, session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """The imports, the latest first."""
        rows = service.imports()
        found = await newest(session, rows, Job.id, lambda job: job, after=after, limit=FEW)
        undos = await service.undos_of(session, found.items)
        return page(
            request,
            "catalogue/imports.html",
            jobs=found.items,
            next=found.next,
            names=await service.file_names(session, found.items),
            undone={id: some[-1] for id, some in undos.items()},
            states=STATES,
            of_copies=SHEET,
            dialects=DIALECTS,
            encodings=ENCODINGS,
        )

    @get("/imports/{id:uuid}")
    async def report(self, request: Call, id: FromPath[UUID], session: Session) -> Response[str]:
        """What one import did; while it or its undo is at work the page renews itself."""
        job = await imported(session, id)
        undos = (await service.undos_of(session, [job])).get(id, [])
        at_work = any(one.state in OPEN for one in (job, *undos))
        return page(
            request,
            "catalogue/report.html",
            headers=RENEWED if at_work else {},
            job=job,
            name=(await service.file_names(session, [job])).get(id),
            states=STATES,
            counts=COUNTS,
            beside=BESIDE,
            label=label,
            undos=undos,
            why=next((kind.title for kind in known() if kind.code == job.failure), None),
            of_copies=SHEET,
            brought=brought(job.report or {}),
        )

    @get("/imports/{id:uuid}/report.csv")
    async def table(
        self,
        id: FromPath[UUID],
        session: Session,
        database: Data,
        here: Here,
        asker: Asker,
    ) -> Stream:
        """The report as a table: counts, and what did not come in or was put right."""
        return as_csv(await imported(session, id), database, here, asker)

    @get("/imports/{id:uuid}/items")
    async def items(
        self, request: Call, id: FromPath[UUID], session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """Copies that one import could not take as its file has them."""
        job, rows = await imported(session, id), service.item_troubles(id)
        found = await newest(
            session, rows, ItemTrouble.id, ItemTroubleView.of, after=after, limit=SOME
        )
        where = "catalogue/items.html"
        return page(request, where, job=job, found=found, label=label, in_lines=job.kind == SHEET)

    @get("/imports/{id:uuid}/quarantine")
    async def quarantine(
        self, request: Call, id: FromPath[UUID], session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """What one import set aside."""
        job, found = await imported(session, id), await lists.pieces(session, id, after, SOME)
        return page(request, "catalogue/quarantine.html", job=job, found=found, label=label)

    @get("/pieces/{id:uuid}")
    async def piece(
        self,
        request: Call,
        id: FromPath[UUID],
        session: Session,
        encoding: FromQuery[Encoding] = None,
    ) -> Response[str]:
        """One piece that was set aside, as text that can be changed."""
        return shown(request, await mending.look(session, id, encoding or None))

    @post("/pieces/{id:uuid}", status_code=200)
    async def mend(
        self, request: Call, id: FromPath[UUID], session: Session, data: URLEncodedBody[PieceForm]
    ) -> Response[Any]:
        """Take the piece in, as it is read or written now."""
        piece = await mending.look(session, id, data.encoding or None)
        told = {"encoding": data.encoding or None, "dialect": data.dialect or None}
        try:
            row = await mending.mend(session, id, convert({**told, "text": data.text}, Mending))
        except mending.StillUnreadable as problem:
            piece.text = data.text or piece.text
            return shown(request, piece, problem, data.dialect)
        address = f"{root(request)}/cataloguing/imports/{row.job_id}/quarantine"
        return Redirect(address, status_code=303)

    @post("/pieces/{id:uuid}/discard")
    async def discard(self, request: Call, id: FromPath[UUID], session: Session) -> Redirect:
        """Nobody wants this piece."""
        row = await mending.discard(session, id)
        address = f"{root(request)}/cataloguing/imports/{row.job_id}/quarantine"
        return Redirect(address, status_code=303)

    @get("/duplicates")
    async def duplicates(
        self, request: Call, session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """Titles that may be the same, two by two."""
        found = await lists.twins(session, Verdict.OPEN, after, FEW)
        return page(
            request,
            "catalogue/duplicates.html",
            pairs=found.items,
            next=found.next,
            rules=RULES,
            searching=await duplicates.under_way(session, *OPEN),
            told=await duplicates.last_told(session),
        )

    @post("/duplicates")
    async def search(self, request: Call, session: Session) -> Redirect:
        """Look for more of them."""
        await duplicates.start_search(session)
        return Redirect(f"{root(request)}/cataloguing/duplicates", status_code=303)

    @post("/duplicates/{id:uuid}")
    async def decide(
        self, request: Call, id: FromPath[UUID], session: Session, data: URLEncodedBody[Choice]
    ) -> Redirect:
        """Say what two titles are."""
        if data.keep == Verdict.DIFFERENT:
            await deciding.decide(session, id, Verdict.DIFFERENT)
        else:
            await deciding.decide(session, id, Verdict.SAME, convert(data.keep, UUID))
        return Redirect(f"{root(request)}/cataloguing/duplicates", status_code=303)


def shown(
    request: Call, piece: mending.Piece, problem: Problem | None = None, dialect: str = ""
) -> Response[str]:
    """The page of a piece, with what is wrong with what was just tried."""
    return page(
        request,
        "catalogue/piece.html",
        status=int(problem.status) if problem else 200,
        piece=piece,
        problem=problem,
        dialect=dialect,
        dialects=DIALECTS,
        encodings=ENCODINGS,
    )
