"""What stands before the application: request ids, and the hosts that branches call their own."""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from pinakes.platform.db import uuid7
from pinakes.platform.directory import Directory
from pinakes.platform.log import request_id

NAME = b"x-request-id"
LONGEST = 64
SHARED = (
    "/v1/b/",
    "/b/",
    "/schema",
    "/static",
    "/errors",
    "/livez",
    "/readyz",
    "/login",
    "/callback",
    "/logout",
)


def numbered(app: ASGIApp) -> ASGIApp:
    """Take the caller's id when it is a plain word, else give one; say it back."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        id = word(header(scope, NAME)) or uuid7().hex
        request_id.set(id)

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (NAME, id.encode())]
            await send(message)

        await app(scope, receive, answer)

    return call


def hosted(app: ASGIApp, directory: Directory) -> ASGIApp:
    """On a branch's own host, /v1/… and / are that branch's."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and directory.hosts:
            tenant = directory.at_host(header(scope, b"host").decode("latin-1"))
            if tenant and not scope["path"].startswith(SHARED):
                scope["path"] = inside(scope["path"], tenant.code)
        await app(scope, receive, send)

    return call


def inside(path: str, code: str) -> str:
    """The same path, said of one branch."""
    if path.startswith("/v1/"):
        return f"/v1/b/{code}{path[3:]}"
    return f"/b/{code}{path}".rstrip("/")


def header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def word(value: bytes) -> str | None:
    """The caller's own request id, if it is fit for a log."""
    fit = 0 < len(value) <= LONGEST and value.replace(b"-", b"").isalnum()
    return value.decode("ascii", "ignore") if fit else None
