"""Keycloak's admin API, as far as we call it: who may enter, and what is behind."""

from typing import Any

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from pinakes.main.embedded.issuer import admin_bulk, admin_organizations, admin_users
from pinakes.main.embedded.issuer.web import Refusal
from pinakes.platform.identity import REALMS


async def administrators_only(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Only the program ``pinakes-admin`` may come in, with a token of the same realm."""
    realm = str(connection.path_params["realm"])
    if realm not in REALMS:
        raise Refusal(404, {"error": "Realm not found."})
    scheme, __, token = connection.headers.get("authorization", "").partition(" ")
    known = connection.app.state.house.mint.is_admin(realm, token.strip())
    if scheme.lower() != "bearer" or known is None:
        raise Refusal(401, {"error": "HTTP 401 Unauthorized"})
    if not known:
        raise Refusal(403, {"error": "HTTP 403 Forbidden"})


ROUTES = Router(
    "/admin/realms/{realm:str}",
    route_handlers=[
        *admin_users.HANDLERS,
        *admin_organizations.HANDLERS,
        *admin_bulk.HANDLERS,
    ],
    guards=[administrators_only],
)
