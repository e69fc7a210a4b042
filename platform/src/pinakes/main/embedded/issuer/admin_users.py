"""Users by the admin API."""

import time
from dataclasses import replace
from typing import Any

from litestar import Response, delete, get, post, put
from uuid_utils.compat import uuid7

from pinakes.main.embedded.issuer import pins
from pinakes.main.embedded.issuer.accounts import Account
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.shapes import (
    Credential,
    User,
    body,
    declared,
    id_of,
    made,
    page,
    refused,
    user_name,
    user_view,
)
from pinakes.main.embedded.issuer.web import Asking, Refusal, house_of, malformed, query, realm_of
from pinakes.platform.users import UPDATE_PASSWORD

TAKEN = "User exists with same username"
ATTEMPTS = "/attack-detection/brute-force/users"


async def user_of(request: Asking) -> Account:
    """The user that the address names."""
    id = id_of(request.path_params["user"], "User not found")
    found = await house_of(request).accounts.find(realm_of(request), id)
    if found is None:
        raise Refusal(404, {"error": "User not found"})
    return found


@get("/users")
async def find(request: Asking) -> list[dict[str, Any]]:
    """By ``username`` or ``search`` (a part, or ``exact``) and by attribute (``q=NAME:VALUE``)."""
    told, realm = query(request), realm_of(request)
    where, values = condition(realm, told)
    found = await house_of(request).accounts.select(where, *values, **page(told))
    return [user_view(account) for account in found]


def condition(realm: str, told: dict[str, str]) -> tuple[str, list[Any]]:
    where, values = ["realm = $1"], [realm]
    name = told.get("username", told.get("search"))
    if name is not None:
        values.append(name)
        exact = told.get("exact", "").lower() == "true"
        place = f"lower(${len(values)})"
        where.append(f"username = {place}" if exact else f"strpos(username, {place}) > 0")
    for pair in told.get("q", "").split():
        attribute, colon, value = pair.partition(":")
        if not colon:
            raise malformed("q is NAME:VALUE")
        values += [attribute, value]
        named = f"${len(values) - 1}::text, jsonb_build_array(${len(values)}::text)"
        where.append(f"attributes @> jsonb_build_object({named})")
    return " AND ".join(where), values


@post("/users", status_code=201)
async def create(request: Asking) -> Response[bytes]:
    told, house = await body(request, User), house_of(request)
    account = await described(house, realm_of(request), told)
    if not await house.accounts.add(account):
        raise refused(409, TAKEN)
    return made(request, account.id)


async def described(house: House, realm: str, told: User) -> Account:
    """The new account that *told* describes, its secret sealed."""
    actions, sealed = told.required_actions or [], None
    if told.credentials:
        credential = told.credentials[0]
        sealed = await sealed_by(house, realm, credential)
        actions = actions_after(actions, credential) if credential.temporary else actions
    return Account(
        id=uuid7(),
        realm=realm,
        username=user_name(told.username),
        enabled=bool(told.enabled),
        email=told.email,
        first_name=told.first_name,
        last_name=told.last_name,
        attributes=declared(realm, told.attributes),
        actions=actions,
        sealed=sealed,
    )


def actions_after(actions: list[str], credential: Credential) -> list[str]:
    """What the user has still to do after getting *credential*."""
    left = [action for action in actions if action != UPDATE_PASSWORD]
    return [*left, UPDATE_PASSWORD] if credential.temporary else left


async def sealed_by(house: House, realm: str, credential: Credential) -> str:
    """A secret in the form in which we keep it."""
    if credential.secret_data is not None:
        try:
            return pins.of_keycloak(credential.secret_data, credential.credential_data or "")
        except (ValueError, LookupError, TypeError):
            raise refused(400, "Only argon2 can be imported") from None
    secret = credential.value or ""
    if pins.misshapen(realm, secret):
        raise Refusal(
            400,
            {
                "error": "invalidPasswordMinLengthMessage",
                "error_description": "Invalid password: it breaks the realm's password policy.",
            },
        )
    return await house.door.seal(secret)


@get("/users/count")
async def count(request: Asking) -> int:
    where, values = condition(realm_of(request), query(request))
    return await house_of(request).accounts.count(where, *values)


@get("/users/{user:str}")
async def show(request: Asking) -> dict[str, Any]:
    return user_view(await user_of(request))


@put("/users/{user:str}", status_code=204)
async def update(request: Asking) -> None:
    """As Keycloak does: with ``attributes`` all is replaced, and names left out are erased."""
    told, old = await body(request, User), await user_of(request)
    whole = told.attributes is not None
    account = replace(
        old,
        username=user_name(told.username) if told.username is not None else old.username,
        enabled=old.enabled if told.enabled is None else told.enabled,
        email=told.email if whole or told.email is not None else old.email,
        first_name=told.first_name if whole or told.first_name is not None else old.first_name,
        last_name=told.last_name if whole or told.last_name is not None else old.last_name,
        attributes=declared(old.realm, told.attributes) if whole else old.attributes,
        actions=old.actions if told.required_actions is None else told.required_actions,
    )
    if not await house_of(request).accounts.write(account):
        raise refused(409, TAKEN)


@delete("/users/{user:str}", status_code=204)
async def remove(request: Asking) -> None:
    await house_of(request).accounts.remove((await user_of(request)).id)


@put("/users/{user:str}/reset-password", status_code=204)
async def reset(request: Asking) -> None:
    """Another secret; a temporary one has to be changed at the next log-in."""
    credential, account = await body(request, Credential), await user_of(request)
    house = house_of(request)
    sealed = await sealed_by(house, account.realm, credential)
    await house.accounts.set_secret(account.id, sealed, actions_after(account.actions, credential))


@post("/users/{user:str}/logout", status_code=204)
async def log_out(request: Asking) -> None:
    await house_of(request).sessions.end_all((await user_of(request)).id)


@get("/users/{user:str}/sessions")
async def sessions(request: Asking) -> list[dict[str, Any]]:
    account = await user_of(request)
    return [
        {
            "id": str(row["id"]),
            "username": account.username,
            "userId": str(account.id),
            "start": int(row["created_at"].timestamp() * 1000),
            "lastAccess": int(row["seen_at"].timestamp() * 1000),
            "clients": {row["client"]: row["client"]},
        }
        for row in await house_of(request).sessions.of(account.id)
    ]


@get(f"{ATTEMPTS}/{{user:str}}")
async def failures(request: Asking) -> dict[str, Any]:
    """How often somebody has guessed, and whether the account is locked for it."""
    account = await user_of(request)
    locked = account.locked_until is not None and account.locked_until.timestamp() > time.time()
    failed = account.failed_at
    return {
        "numFailures": account.failures,
        "disabled": locked,
        "lastFailure": int(failed.timestamp() * 1000) if failed else 0,
        "lastIPFailure": "n/a",
    }


@delete(f"{ATTEMPTS}/{{user:str}}", status_code=204)
async def forgive(request: Asking) -> None:
    await house_of(request).accounts.forgive((await user_of(request)).id)


HANDLERS = [
    *(find, create, count, show, update, remove, reset, log_out, sessions, failures, forgive)
]
