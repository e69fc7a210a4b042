"""The door: who is asking, at which branch, and whether the table of rights lets them."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute

from pinakes.federation.identity.sessions import Sessions
from pinakes.platform.directory import Directory, NoSuchTenant, Tenant
from pinakes.platform.errors import Forbidden, Unauthorized
from pinakes.platform.identity import ANYONE, Principal, Role, roles_at, roles_below
from pinakes.platform.language import later
from pinakes.platform.login import Claims, Verifier

type Connection = ASGIConnection[Any, Any, Any, Any]
type Rights = Mapping[str, frozenset[str]]


class UnlistedOperation(LookupError):
    """An operation that the table of rights does not name."""


class NoBranch(NoSuchTenant):
    code = "no_branch"
    title = "Which branch?"


class Door:
    """Lets a request in, and remembers who it was and where."""

    def __init__(
        self, directory: Directory, verifier: Verifier, sessions: Sessions, rights: Rights
    ) -> None:
        self.directory = directory
        self.verifier = verifier
        self.sessions = sessions
        self.rights = rights

    async def guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Turn away whoever the table does not let in, before anything else is looked at."""
        asker = await self.asker(connection)
        connection.scope["state"]["asker"] = asker
        allowed = self.rights.get(operation(handler))
        if allowed is None:
            return  # Litestar's own: OPTIONS and the description; ours stop the build (see below)
        connection.scope["state"]["wanted"] = "reader" if Role.READER in allowed else "staff"
        if asker.may(allowed):
            return
        if asker.realm is None:
            raise Unauthorized("Log in, then send the access token as `Authorization: Bearer`.")
        raise Forbidden(later("None of your roles at this library may do this."))

    async def asker(self, connection: Connection) -> Principal:
        """The bearer of the token, else whom a page's session names, else ANYONE."""
        here = self.here(connection)
        token = bearer(connection)
        if token is None:
            claims = await self.sessions.claims(connection)
        else:
            claims = await self.verifier.verify(token)
        return principal(claims, self.directory, here) if claims else ANYONE

    def here(self, connection: Connection) -> Tenant | None:
        """The branch that the path names, else the one whose host was called."""
        code = connection.path_params.get("branch")
        if code is not None:
            return self.directory.coded(code)
        return self.directory.at_host(connection.headers.get("host", ""))


def bearer(connection: Connection) -> str | None:
    """The token of the request, if it brings one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Send `Authorization: Bearer TOKEN`.")
    return token.strip()


def principal(claims: Claims, directory: Directory, here: Tenant | None) -> Principal:
    """What the bearer of *claims* is at the branch *here*."""
    lineage = directory.lineage(here) if here else []
    roles = {Role.ANONYMOUS, *roles_at(claims.grants, lineage)}
    if claims.person is not None:
        roles.add(Role.READER)
    return Principal(
        subject=claims.subject,
        realm=claims.realm,
        roles=frozenset(roles),
        below=roles_below(claims.grants, lineage),
        person=claims.person,
        home=claims.home,
        name=claims.name,
    )


def operation(handler: BaseRouteHandler) -> str:
    """The handler's name in the table of rights."""
    return handler.name or handler.fn.__qualname__.lower()


def operation_id(handler: HTTPRouteHandler, _: Any, __: Any) -> str:
    """The same name, for OpenAPI."""
    return operation(handler)


def operations(app: Litestar) -> set[str]:
    """Every operation of *app* that is ours."""
    return {
        operation(handler)
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/schema")
        for handler in route.route_handlers
        if handler.handler_name != "options_handler"  # Litestar's own
    }


def refuse_unlisted(app: Litestar, rights: Rights) -> None:
    """Stop the build when somebody forgot the table of rights."""
    unlisted = operations(app) - rights.keys()
    if unlisted:
        raise UnlistedOperation(f"Not in main/rights.py: {', '.join(sorted(unlisted))}")


def found_asker(request: Request[Any, Any, Any]) -> Principal:
    """Whom the guard let in."""
    asker: Principal = request.scope["state"]["asker"]
    return asker
