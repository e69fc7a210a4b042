"""Errors a caller can act on."""

from collections.abc import Iterator
from typing import Any


class Problem(Exception):
    """Something the caller can understand and put right.

    Subclass it next to the code that raises it, with a ``code`` that programs
    may rely on for ever. Whatever is not a Problem is our own fault: a bare
    500 to the caller, a full report to us.
    """

    code: str = "refused"
    status: int = 400
    title: str = "This cannot be done"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class BadRequest(Problem):
    code = "bad_request"
    title = "The request is not well formed"


class Unauthorized(Problem):
    code = "unauthorized"
    status = 401
    title = "Please log in"


class Forbidden(Problem):
    code = "forbidden"
    status = 403
    title = "Your role may not do this"


class NotFound(Problem):
    code = "not_found"
    status = 404
    title = "There is nothing at this address"


class Conflict(Problem):
    code = "conflict"
    status = 409
    title = "Not possible in the present state"


class Unavailable(Problem):
    code = "unavailable"
    status = 503
    title = "Not available at the moment; try again"


class Fault(Problem):
    code = "fault"
    status = 500
    title = "Our own fault"


def known(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every kind of problem that the loaded code can tell of."""
    yield root
    for kind in root.__subclasses__():
        yield from known(kind)
