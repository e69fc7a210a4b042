"""Users and organizations as Keycloak's admin API writes them, and what it refuses."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import Struct

from pinakes.main.embedded.issuer.accounts import Account
from pinakes.main.embedded.issuer.organizations import Organization
from pinakes.main.embedded.issuer.web import Asking, Refusal, house_of, malformed

SHORTEST, LONGEST = 3, 255  # characters of a user name
PLAIN = re.compile(r"[^<>&\"'\s$%!#?§;*~/\\|^=\[\]{}()`\x00-\x1f\x7f]+")
PROFILE = {"readers": {"person", "home", "card_number"}, "staff": {"branch", "grants"}}
MOST = 1000  # rows of one page


class Credential(Struct, rename="camel"):
    """A secret in plain, or as Keycloak keeps it."""

    value: str | None = None
    temporary: bool = False
    type: str = "password"
    secret_data: str | None = None
    credential_data: str | None = None


class User(Struct, rename="camel"):
    """What an administrator says of a user; what is left out is None."""

    username: str | None = None
    enabled: bool | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    attributes: dict[str, list[str]] | None = None
    required_actions: list[str] | None = None
    credentials: list[Credential] = []


class Branch(Struct, rename="camel"):
    """What an administrator says of an organization."""

    name: str | None = None
    alias: str | None = None
    enabled: bool | None = None
    description: str | None = None


class Import(Struct, rename="camel"):
    """Many users at once."""

    users: list[User] = []
    if_resource_exists: str = "FAIL"


async def body[T](request: Asking, shape: type[T]) -> T:
    """The JSON of the request in its *shape*."""
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise malformed("Cannot parse the JSON") from None


def refused(status: int, message: str, **more: Any) -> Refusal:
    return Refusal(status, {"errorMessage": message, **more})


def id_of(word: str, error: str) -> UUID:
    """The id in an address; any other word is the id of nobody."""
    try:
        return UUID(word)
    except ValueError:
        raise Refusal(404, {"error": error}) from None


def user_name(name: str | None) -> str:
    """*name* as Keycloak keeps it."""
    if not name:
        raise refused(400, "User name is missing")
    if not SHORTEST <= len(name) <= LONGEST:
        params: list[Any] = ["username", SHORTEST, LONGEST]
        raise refused(400, "error-invalid-length", field="username", params=params)
    if not PLAIN.fullmatch(name):
        params = ["username", name]
        raise refused(400, "error-username-invalid-character", field="username", params=params)
    return name.lower()


def declared(realm: str, attributes: dict[str, list[str]] | None) -> dict[str, list[str]]:
    """Those *attributes* that the realm's user profile declares; the others vanish, as they do."""
    return {
        name: kept for name, kept in (attributes or {}).items() if name in PROFILE[realm] and kept
    }


def made(request: Asking, id: UUID) -> Response[bytes]:
    """Nothing but the place of what was made."""
    place = f"{house_of(request).settings.address}{request.url.path.rstrip('/')}/{id}"
    return Response(b"", status_code=201, headers={"Location": place})


def page(told: dict[str, str]) -> dict[str, int]:
    """How many rows, after how many."""
    try:
        limit, offset = int(told.get("max", "100")), int(told.get("first", "0"))
    except ValueError:
        raise malformed("max and first are numbers") from None
    limit = MOST if limit < 0 else min(limit, MOST)
    return {"limit": limit, "offset": min(max(offset, 0), 2**31)}


def user_view(account: Account) -> dict[str, Any]:
    """A user as Keycloak shows it; what is empty is left out."""
    said = {
        "id": str(account.id),
        "username": account.username,
        "firstName": account.first_name,
        "lastName": account.last_name,
        "email": account.email,
        "attributes": account.attributes or None,
    }
    return {name: value for name, value in said.items() if value is not None} | {
        "emailVerified": False,
        "enabled": account.enabled,
        "createdTimestamp": int(account.created_at.timestamp() * 1000),
        "totp": False,
        "disableableCredentialTypes": [],
        "requiredActions": account.actions,
        "notBefore": int(account.not_before.timestamp()) if account.not_before else 0,
    }


def branch_view(organization: Organization) -> dict[str, Any]:
    """An organization as Keycloak shows it."""
    return {
        "id": str(organization.id),
        "name": organization.name,
        "alias": organization.alias,
        "enabled": organization.enabled,
        "description": organization.description or "",
        "domains": [],
    }
