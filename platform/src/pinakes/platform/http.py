"""What every HTTP handler shares: what it may ask for, and how problems look."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from logging import getLogger
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database, LinkRefused
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import (
    BadRequest,
    Conflict,
    Fault,
    Forbidden,
    NotFound,
    Problem,
    Unavailable,
)
from pinakes.platform.identity import Principal
from pinakes.platform.language import later
from pinakes.platform.log import request_id
from pinakes.platform.outage import is_outage, sqlstate

# Litestar looks through plain aliases, but not through `type X = ...`.
Session = NamedDependency[AsyncSession]
Asker = NamedDependency[Principal]
Here = NamedDependency[Tenant]  # the branch of the address
Data = NamedDependency[Database]  # for hot commands, which enter the tenant by themselves
PARTING = "parting"  # an `opt` of routes that serve a branch while it is leaving, too

FAULTS = 500
CUT_OFF = "client disconnected prematurely"  # the framework's own words: to it this is a fault

log = getLogger(__name__)


class TenantClosed(Forbidden):
    code = "branch_not_active"
    title = "This branch is not active"


class BranchElsewhere(Conflict):
    code = "branch_elsewhere"
    title = "This branch lives in another cell"


class ValidationFailed(BadRequest):
    code = "validation_failed"
    title = "Something in the request is not as it must be"


class MethodRefused(Problem):
    code = "method_not_allowed"
    status = 405
    title = "This cannot be done at this address"


class BodyTooLarge(Problem):
    code = "content_too_large"
    status = 413
    title = "Too much was sent at once"


class KindRefused(Problem):
    code = "unsupported_media_type"
    status = 415
    title = "What was sent is of a kind that is not taken here"


FRAMEWORK: Mapping[int, Problem] = {  # what the web framework turns away by itself
    problem.status: problem
    for problem in (
        NotFound(later("It may be mistyped, or what stood there is gone.")),
        MethodRefused("The description of the API says what can be done at this address."),
        BodyTooLarge("Send less at once."),
        KindRefused("Say by Content-Type what it is; the API's description names the kinds."),
    )
}
MISSING = re.compile(r"Object missing required field `(\w+)`")

STATES: Mapping[str, Problem] = {
    "23503": LinkRefused("Something this points at does not exist, or is still pointed at."),
    "PT403": TenantClosed(later("It is suspended or not yet open. Its administrator knows why.")),
    "PT421": BranchElsewhere(later("Ask the cell that it has moved to: its address leads there.")),
    "22P05": BadRequest("A character in the request cannot be stored."),
    "22021": BadRequest("A character in the request cannot be stored."),
}


def understand(error: BaseException) -> Problem:
    """The problem a caller may be told of; our own faults are told to us alone."""
    match error:
        case Problem():
            return error
        case HTTPException():
            return refused(error)
        case msgspec.ValidationError() | UnicodeDecodeError() | RecursionError():
            return BadRequest("The request could not be read: check its encoding and its form.")
        case _:
            return told_by_database(error) or fault(error)


def refused(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.BAD_REQUEST and error.extra:
        errors = wrong_fields(error.extra)
        return ValidationFailed("Look at `errors`: each names a field.", errors=errors)
    if error.status_code in FRAMEWORK:
        return FRAMEWORK[error.status_code]
    if error.detail == CUT_OFF:
        return BadRequest("The request was cut off.")
    return BadRequest(error.detail) if error.status_code < FAULTS else fault(error)


def wrong_fields(found: Any) -> Any:
    """What is wrong, by field: a missing one under its own name.

    Where a body is wrong, the framework also misses what it had not looked at yet: such an error
    says nothing but its own key.
    """
    if not isinstance(found, list):
        return found
    told: list[dict[str, str]] = [*found]
    named = [one for one in told if one.get("message") != repr(one.get("key"))]
    return [
        {**one, "key": missing[1]} if (missing := MISSING.match(one.get("message", ""))) else one
        for one in named
    ] or told


def told_by_database(error: BaseException) -> Problem | None:
    """What PostgreSQL refused, or that it cannot be reached."""
    if is_outage(error):
        return Unavailable(later("The database cannot be reached. Try again in a moment."))
    return STATES.get(sqlstate(error))


def fault(error: BaseException) -> Problem:
    log.error("a fault of our own", exc_info=error)
    return Fault(later("Something went wrong on our side. It has been written down."))


def describe(problem: Problem) -> dict[str, Any]:
    """The problem as a document (RFC 9457), with the request to ask us about."""
    return problem.facts | {
        "type": f"/errors/{problem.code}",
        "code": problem.code,
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail,
        "request": request_id.get(),
    }


def tell(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Answer with a problem document."""
    problem = understand(error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    if "retry_after" in problem.facts:
        headers["Retry-After"] = str(problem.facts["retry_after"])
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        describe(problem),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )
