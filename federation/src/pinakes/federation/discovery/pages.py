"""Search and record in the browser: of one branch, and of all branches."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, Parameter, QueryParameter
from msgspec import Struct

from pinakes.federation.discovery.answering import Where
from pinakes.federation.discovery.asking import Words
from pinakes.federation.discovery.citing import apa, gbt7714, machine_readable
from pinakes.federation.discovery.labels import AGES, CARRIERS, CLASSES, FILTERS, FORMS
from pinakes.federation.discovery.query import DEEPEST, Branch, Query
from pinakes.federation.discovery.service import Found, Full, catalogue_of
from pinakes.federation.discovery.views import Filter, Option, Results
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.http import Asker
from pinakes.platform.identity import Role
from pinakes.platform.pages import here, page, place

SIZE = 20
FARTHEST = DEEPEST // SIZE
OPTIONS = 12  # of one filter
SHELVES = 30  # shown at once of one title
PLACING = {Role.CATALOGUER, Role.ADMINISTRATOR}

Choice = Annotated[str | None, Parameter(max_length=40)]
Number = Annotated[int, Parameter(ge=1, le=FARTHEST)]
Decade = Annotated[int | None, Parameter(ge=-9990, le=9990, multiple_of=10)]
Call = Request[Any, Any, Any]


class Question(Struct, kw_only=True):
    """What the address of a search page asks."""

    q: str
    chosen: dict[str, str | None]
    decade: int | None
    page: int
    available: bool
    more: bool

    def query(self, within: Any, directory: Directory) -> Query:
        def one(name: str) -> tuple[str, ...]:
            value = self.chosen[name]
            return (value,) if value else ()

        return Query(
            within=within,
            text=self.q,
            forms=one("form"),
            languages=one("language"),
            classes=one("class"),
            branches=tuple(
                [directory.codes[code].id for code in one("library") if code in directory.codes]
            ),
            available=self.available,
            years=(None, None) if self.decade is None else (self.decade, self.decade + 9),
            limit=SIZE,
            offset=(self.page - 1) * SIZE,
        )


async def question(  # noqa: PLR0913, PLR0917 (each is one thing that a reader may choose)
    q: FromQuery[Words] = "",
    form: FromQuery[Choice] = None,
    language: FromQuery[Choice] = None,
    main_class: Annotated[str | None, QueryParameter(name="class", max_length=40)] = None,
    decade: FromQuery[Decade] = None,
    page: FromQuery[Number] = 1,
    library: FromQuery[Choice] = None,
    available: FromQuery[bool] = False,
    more: FromQuery[bool] = False,
) -> Question:
    """The question of the address, every filter in it."""
    chosen = {"form": form, "language": language, "class": main_class, "library": library}
    return Question(
        q=q.strip(), chosen=chosen, decade=decade, page=page, available=available, more=more
    )


Asked = NamedDependency[Question]


class CataloguePages(Controller):
    path = "/catalogue"
    include_in_schema = False
    dependencies = {"question": Provide(question)}

    @get("/search")
    async def search(self, request: Call, asker: Asker, question: Asked) -> Response[str]:
        """What answers the question, at this branch or at all of them."""
        branch, near = here(request), nearest(request, asker.home)
        catalogue = catalogue_of(request.app.state)
        within = Branch(branch.id) if branch else catalogue.consortium(near)
        query = question.query(within, catalogue.directory)
        found = await catalogue.search(query, near)
        where = await catalogue.where(query) if question.more else None
        return page(
            request,
            "discovery/search.html",
            results=results(question, found, holders(question, where, catalogue.directory)),
            branches=catalogue.directory.codes,
            more=question.more,
            available=question.available,
            can_be_had=where.available if where else None,
            near=near,
            forms=FORMS,
            filter_names=FILTERS,
        )

    @get("/{id:uuid}")
    async def record(
        self,
        request: Call,
        asker: Asker,
        id: FromPath[UUID],
        all: FromQuery[bool] = False,
    ) -> Response[str]:
        """One title, and where it stands, nearest first."""
        near = nearest(request, asker.home)
        full = await catalogue_of(request.app.state).edition(id, near)
        shelves = list(full.hit.shelves)
        branch = here(request)
        return page(
            request,
            "discovery/record.html",
            hit=full.hit,
            near=near,
            title=full.title,
            shelves=shelves if all else shelves[:SHELVES],
            more=0 if all else len(shelves) - SHELVES,
            forms=FORMS,
            carriers=CARRIERS,
            ages=AGES,
            linked=linked(request, full),
            gbt7714=gbt7714(full.title),
            apa=apa(full.title),
            keeper=full.keeper,
            may_place=branch and full.record and not asker.roles.isdisjoint(PLACING),
            may_report=branch and full.record and asker.person is not None,
            record=full.record,
            verdict=full.rule,
            shared=full.shared,
        )


def linked(request: Call, full: Full) -> str:
    """What machines read of the title's page."""
    site = str(request.base_url).rstrip("/")
    names = [shelf.branch.name("zh") for shelf in full.hit.shelves[:SHELVES]]
    return machine_readable(full.hit.id, full.title, f"{site}{place(request)}", names)


def nearest(request: Call, home: str | None) -> Tenant | None:
    """Where the reader is: at this branch, else at home."""
    directory: Directory = request.app.state.directory
    return here(request) or directory.codes.get(home or "")


def holders(question: Question, where: Where | None, directory: Directory) -> list[Filter]:
    """The branches that hold most of what was found; the one that was chosen in any case."""
    chosen = question.chosen["library"]
    if chosen not in directory.codes:
        chosen = None
    if where is None and chosen is None:
        return []
    known = where.branches.items() if where else ()
    counts = {directory.ids[id].code: n for id, n in known if id in directory.ids}
    return [counted("library", counts, chosen, {})]


def results(question: Question, found: Found, more: list[Filter]) -> Results:
    """An answer as the page shows it."""
    return Results(
        q=question.q,
        total=found.total,
        hits=found.hits,
        filters=[
            counted("form", found.facets.get("form", {}), question.chosen["form"], FORMS),
            counted("language", found.facets.get("language", {}), question.chosen["language"], {}),
            counted("class", found.facets.get("class", {}), question.chosen["class"], CLASSES),
            decades(found.facets.get("year", {}), question.decade),
            *more,
        ],
        page=question.page,
        pages=min(FARTHEST, -(-found.total // SIZE)),
        nearly=found.nearly,
        meant=found.meant,
    )


def counted(
    name: str, counts: Mapping[str, int], chosen: str | None, labels: Mapping[str, str]
) -> Filter:
    """The most frequent values of one filter, and the chosen one even if nothing has it."""
    values = dict(Counter(counts).most_common(OPTIONS))
    if chosen:
        values = {chosen: counts.get(chosen, 0)} | values
    return Filter(
        name,
        [
            Option(value, labels.get(value, value.rpartition(":")[2]), count, value == chosen)
            for value, count in values.items()
        ],
    )


def decades(years: Mapping[str, int], chosen: int | None) -> Filter:
    """Ten years at a time, the latest first."""
    sums: Counter[int] = Counter() if chosen is None else Counter({chosen: 0})
    for year, count in years.items():
        sums[int(year) // 10 * 10] += count
    latest = sorted(sums, reverse=True)[:OPTIONS]
    shown = latest if chosen is None or chosen in latest else [chosen, *latest]
    return Filter(
        "decade",
        [Option(str(ten), f"{ten}–{ten + 9}", sums[ten], ten == chosen) for ten in shown],
    )
