"""The catalogue of all problems, made from the code that raises them."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from pinakes.platform.errors import NotFound, Problem, known
from pinakes.platform.pages import page
from pinakes.platform.paging import Page


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: programs may rely on it for ever."""

    code: str
    status: int
    title: str
    about: str


def entries() -> list[Entry]:
    """Every code once, in alphabetical order."""
    loaded = (kind for kind in known() if kind.__module__.startswith("pinakes."))
    kinds = {kind.code: kind for kind in loaded if kind is not Problem}
    return [entry(kind) for _, kind in sorted(kinds.items())]


def entry(kind: type[Problem]) -> Entry:
    return Entry(kind.code, int(kind.status), kind.title, kind.__doc__ or "")


class Errors(Controller):
    path = "/errors"

    @get()
    async def list(self) -> Page[Entry]:
        """All codes that an answer may bear."""
        return Page(entries())


class ErrorPages(Controller):
    path = "/errors"
    include_in_schema = False

    @get(["/", "/{code:str}"])
    async def show(
        self, request: Request[Any, Any, Any], code: FromPath[str | None] = None
    ) -> Response[str]:
        """All codes, or the one that a problem's `type` points at."""
        shown = [one for one in entries() if code in {None, one.code}]
        if not shown:
            raise NotFound("No answer of ours bears this code. GET /errors lists them all.")
        return page(request, "main/errors.html", entries=shown)
