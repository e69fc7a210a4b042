"""The catalogue of all problems, made from the code that raises them."""

import json
from dataclasses import asdict, dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any

import click
from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from pinakes.platform.errors import NotFound, Problem, known
from pinakes.platform.pages import page
from pinakes.platform.paging import Page

FRAMEWORK = (  # what the web framework turns away by itself
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.TOO_MANY_REQUESTS,
)


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
    ours = {kind.code: entry(kind) for kind in loaded if kind is not Problem}
    theirs = {
        status.name.lower(): Entry(status.name.lower(), status, status.phrase, status.description)
        for status in FRAMEWORK
    }
    return [found for _, found in sorted((theirs | ours).items())]


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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def errors(*, as_json: bool) -> None:
    """List every error code that an answer may bear."""
    import_module("pinakes.main.app")  # so that every problem is known
    for one in entries():
        click.echo(
            json.dumps(asdict(one)) if as_json else f"{one.code:32} {one.status}  {one.title}"
        )
