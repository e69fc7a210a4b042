"""What all routes of the issuer share: reading a request strictly, refusing it plainly."""

from http import HTTPStatus
from logging import getLogger
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
from litestar import Request, Response
from litestar.exceptions import HTTPException

from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.provider import Asked, Provider

type Asking = Request[Any, Any, Any]

LONGEST = 32_768  # bytes of a query or form
AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
)
LATER = {"Retry-After": "5"}
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

log = getLogger(__name__)


class Refusal(Exception):
    """A request that is turned away, with what Keycloak would answer."""

    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        super().__init__(body)
        self.status = status
        self.body = body
        self.headers = headers


def malformed(why: str) -> Refusal:
    return Refusal(400, {"error": "invalid_request", "error_description": why})


def house_of(request: Asking) -> House:
    house: House = request.app.state.house
    return house


def realm_of(request: Asking) -> str:
    """The realm that the path names."""
    realm: str = request.path_params["realm"]
    if realm not in request.app.state.providers:
        raise Refusal(404, {"error": "Realm does not exist"})
    return realm


def provider_of(request: Asking) -> Provider:
    provider: Provider = request.app.state.providers[realm_of(request)]
    return provider


def parameters(raw: bytes) -> dict[str, str]:
    """The parameters of a query or a form; each may come once, in UTF-8, without NUL."""
    if len(raw) > LONGEST:
        raise malformed("too long")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64
        )
    except ValueError:
        raise malformed("not a form") from None
    told = dict(pairs)
    if len(told) < len(pairs):
        raise malformed("duplicated parameter")
    if any("\0" in word for pair in pairs for word in pair):
        raise malformed("not a text")
    return told


def query(request: Asking) -> dict[str, str]:
    return parameters(request.scope["query_string"])


async def form(request: Asking) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != "application/x-www-form-urlencoded":
        raise malformed("not a form")
    return parameters(body)


async def asked(request: Asking) -> Asked:
    """The form as Authlib wants it."""
    told, authorization = await form(request), request.headers.get("authorization")
    return Asked("POST", told, authorization, address_of(request))


def address_of(request: Asking) -> str | None:
    """Where the request comes from; what a proxy says of it counts if we trust the proxy."""
    return request.client.host if request.client else None


def bearer(request: Asking) -> str | None:
    """The token of the request, if it brings one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def secure(request: Asking) -> bool:
    """Whether the public address is one of https: cookies follow it."""
    return house_of(request).settings.address.startswith("https://")


def refuse(_: Asking, error: Exception) -> Response[dict[str, Any]]:
    """Tell what is wrong; our own faults are told to us alone."""
    match error:
        case Refusal():
            status, body, headers = error.status, error.body, error.headers
        case HTTPException():
            status, headers = error.status_code, {}
            body = {"error": HTTPStatus(status).phrase}
        case asyncpg.DataError():
            status, body, headers = 400, {"error": "invalid_request"}, {}
        case _ if isinstance(error, AWAY):
            status, body, headers = 503, {"error": "temporarily_unavailable"}, LATER
        case _:
            log.error("a fault of our own", exc_info=error)
            status, body, headers = 500, {"error": "unknown_error"}, {}
    return Response(body, status_code=status, headers=NO_STORE | headers)
