"""What the address of a search over HTTP asks."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter, QueryParameter
from msgspec import Struct

from pinakes.federation.discovery.query import DEEPEST, LONGEST, Branch, Consortium, Order, Query
from pinakes.platform.directory import Directory

Words = Annotated[str, Parameter(max_length=LONGEST)]
Choice = Annotated[list[str] | None, QueryParameter(max_items=20)]
Year = Annotated[int | None, Parameter(ge=-9999, le=9999)]
Size = Annotated[int, Parameter(ge=1, le=100)]
Offset = Annotated[int, Parameter(ge=0, le=DEEPEST)]


class Question(Struct, kw_only=True):
    """What is asked, of nobody in particular yet."""

    q: str
    form: list[str]
    language: list[str]
    classes: list[str]
    years: tuple[int | None, int | None]
    branches: list[str]
    available: bool
    order: Order
    limit: int
    offset: int

    def within(self, reach: Branch | Consortium, directory: Directory) -> Query:
        """The query, or NoSuchTenant for a branch that is none."""
        return Query(
            within=reach,
            text=self.q,
            forms=tuple(self.form),
            languages=tuple(self.language),
            classes=tuple(self.classes),
            years=self.years,
            branches=tuple([directory.coded(code).id for code in self.branches]),
            available=self.available,
            order=self.order,
            limit=self.limit,
            offset=self.offset,
        )


async def question(  # noqa: PLR0913, PLR0917 (each is one thing that a reader may choose)
    q: FromQuery[Words] = "",
    form: FromQuery[Choice] = None,
    language: FromQuery[Choice] = None,
    classes: Annotated[list[str] | None, QueryParameter(name="class", max_items=20)] = None,
    year_from: FromQuery[Year] = None,
    year_to: FromQuery[Year] = None,
    library: FromQuery[Choice] = None,
    available: FromQuery[bool] = False,
    order: FromQuery[Order] = Order.RELEVANCE,
    limit: FromQuery[Size] = 20,
    offset: FromQuery[Offset] = 0,
) -> Question:
    """The question of the address."""
    return Question(
        q=q,
        form=form or [],
        language=language or [],
        classes=classes or [],
        years=(year_from, year_to),
        branches=library or [],
        available=available,
        order=order,
        limit=limit,
        offset=offset,
    )


Asked = NamedDependency[Question]
