"""The protocol: OpenID Connect at Keycloak's addresses."""

from typing import Any
from uuid import UUID

from litestar import Response, Router, get, post, route
from litestar.response import Redirect

from pinakes.main.embedded.issuer.clients import SCOPES
from pinakes.main.embedded.issuer.keys import ACCESS, REFRESH
from pinakes.main.embedded.issuer.provider import Answer
from pinakes.main.embedded.issuer.web import (
    NO_STORE,
    Asking,
    Refusal,
    asked,
    bearer,
    form,
    house_of,
    malformed,
    provider_of,
    query,
    realm_of,
)

METHODS = ["client_secret_basic", "client_secret_post"]


@get("/")
async def realm_page(request: Asking) -> dict[str, Any]:
    """What Keycloak shows of a realm, its public key among it."""
    name, house = realm_of(request), house_of(request)
    address = house.settings.realm(name)
    return {
        "realm": name,
        "public_key": house.keys.public_pem(name),
        "token-service": f"{address}/protocol/openid-connect",
        "account-service": f"{address}/account",
        "tokens-not-before": 0,
    }


@get("/.well-known/openid-configuration")
async def well_known(request: Asking) -> dict[str, Any]:
    """Where everything is, and what can be asked there."""
    address = house_of(request).settings.realm(realm_of(request))
    protocol = f"{address}/protocol/openid-connect"
    return {
        "issuer": address,
        "authorization_endpoint": f"{protocol}/auth",
        "token_endpoint": f"{protocol}/token",
        "introspection_endpoint": f"{protocol}/token/introspect",
        "userinfo_endpoint": f"{protocol}/userinfo",
        "end_session_endpoint": f"{protocol}/logout",
        "revocation_endpoint": f"{protocol}/revoke",
        "jwks_uri": f"{protocol}/certs",
        "grant_types_supported": [
            *("authorization_code", "refresh_token", "password", "client_credentials")
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [*METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_methods_supported": [*METHODS, "none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": sorted(SCOPES),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "preferred_username", "name"],
        "ui_locales_supported": ["zh-CN", "en"],
        "authorization_response_iss_parameter_supported": True,
    }


@get("/protocol/openid-connect/certs")
async def certs(request: Asking) -> dict[str, Any]:
    return {"keys": house_of(request).keys.published(realm_of(request))}


@post("/protocol/openid-connect/token", status_code=200)
async def token(request: Asking) -> Response[dict[str, Any]]:
    """Tokens for a code, a refresh token, a secret of a person or one of a program."""
    return shown(await provider_of(request).token(await asked(request)))


@post("/protocol/openid-connect/token/introspect", status_code=200)
async def introspect(request: Asking) -> Response[dict[str, Any]]:
    return shown(await provider_of(request).endpoint("introspection", await asked(request)))


@post("/protocol/openid-connect/revoke", status_code=200)
async def revoke(request: Asking) -> Response[dict[str, Any]]:
    return shown(await provider_of(request).endpoint("revocation", await asked(request)))


@route("/protocol/openid-connect/userinfo", http_method=["GET", "POST"], status_code=200)
async def userinfo(request: Asking) -> dict[str, Any]:
    """What an access token says of its bearer, while its session lives."""
    found = await house_of(request).mint.bearer(realm_of(request), bearer(request) or "")
    if found is None:
        raise Refusal(
            401,
            {"error": "invalid_token", "error_description": "Token verification failed"},
            **{"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    about = {"iss", "aud", "azp", "exp", "iat", "jti", "typ", "acr", "sid", "scope", "auth_time"}
    return {name: value for name, value in found[0].items() if name not in about}


@post("/protocol/openid-connect/logout", status_code=204)
async def logout(request: Asking) -> None:
    """End the session of a refresh token (the way that programs take)."""
    told, house, realm = await form(request), house_of(request), realm_of(request)
    claims = house.mint.read(realm, told.get("refresh_token", ""), REFRESH)
    if claims is None or claims["azp"] != told.get("client_id"):
        raise Refusal(400, {"error": "invalid_grant", "error_description": "Invalid refresh token"})
    await house.sessions.end(UUID(claims["sid"]))


@get("/protocol/openid-connect/logout")
async def leave(request: Asking) -> Redirect:
    """End the session of an ID token and send the browser back (the way that browsers take)."""
    told, house, realm = query(request), house_of(request), realm_of(request)
    claims = house.keys.read_token(realm, ACCESS, told.get("id_token_hint", ""))
    back = told.get("post_logout_redirect_uri", "")
    client = house.clients.get(claims["azp"]) if claims else None
    if claims is None or client is None or claims["typ"] != "ID":
        raise malformed("Missing or wrong parameter: id_token_hint")
    if not client.check_redirect_uri(back):
        raise malformed("Invalid parameter: post_logout_redirect_uri")
    await house.sessions.end(UUID(claims["sid"]))
    return Redirect(back, query_params={"state": told["state"]} if "state" in told else None)


def shown(answer: Answer) -> Response[dict[str, Any]]:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return Response(answer.body, status_code=answer.status, headers=NO_STORE | headers)


ROUTES = Router(
    "/realms/{realm:str}",
    route_handlers=[
        *(realm_page, well_known, certs, token, introspect, revoke, userinfo, logout, leave)
    ],
)
