"""Organizations by the admin API."""

from dataclasses import replace
from typing import Any

from litestar import Response, delete, get, post, put
from uuid_utils.compat import uuid7

from pinakes.main.embedded.issuer.organizations import Organization
from pinakes.main.embedded.issuer.shapes import (
    Branch,
    body,
    branch_view,
    id_of,
    made,
    page,
    refused,
    user_view,
)
from pinakes.main.embedded.issuer.web import Asking, Refusal, house_of, query, realm_of

ONE = "/organizations/{organization:str}"
TAKEN = "A organization with the same name or alias already exists."  # Keycloak's grammar


async def organization_of(request: Asking) -> Organization:
    """The organization that the address names."""
    id = id_of(request.path_params["organization"], "Organization not found.")
    found = await house_of(request).organizations.find(realm_of(request), id)
    if found is None:
        raise refused(404, "Organization not found.")
    return found


@get("/organizations")
async def find(request: Asking) -> list[dict[str, Any]]:
    told = query(request)
    found = await house_of(request).organizations.search(
        realm_of(request),
        told.get("search", ""),
        exact=told.get("exact", "").lower() == "true",
        **page(told),
    )
    return [branch_view(organization) for organization in found]


@post("/organizations", status_code=201)
async def create(request: Asking) -> Response[bytes]:
    told, house = await body(request, Branch), house_of(request)
    if not told.name:
        raise refused(400, "Name is required.")
    alias = told.alias or told.name
    if not alias.strip() or set(alias) & set(" /\t\r\n"):
        raise refused(400, "Alias contains characters that are not allowed.")
    enabled = told.enabled is not False
    new = Organization(uuid7(), realm_of(request), told.name, alias, enabled, told.description)
    if not await house.organizations.add(new):
        raise refused(409, TAKEN)
    return made(request, new.id)


@get(ONE)
async def show(request: Asking) -> dict[str, Any]:
    return branch_view(await organization_of(request))


@put(ONE, status_code=204)
async def update(request: Asking) -> None:
    told, old = await body(request, Branch), await organization_of(request)
    if told.alias not in {None, old.alias}:
        raise refused(400, "Cannot change the alias")
    new = replace(
        old,
        name=told.name or old.name,
        enabled=old.enabled if told.enabled is None else told.enabled,
        description=told.description,
    )
    if not await house_of(request).organizations.write(new):
        raise refused(409, TAKEN)


@delete(ONE, status_code=204)
async def remove(request: Asking) -> None:
    await house_of(request).organizations.remove((await organization_of(request)).id)


@get(f"{ONE}/members")
async def members(request: Asking) -> list[dict[str, Any]]:
    organization = await organization_of(request)
    found = await house_of(request).organizations.members(organization.id, **page(query(request)))
    return [user_view(account) | {"membershipType": "UNMANAGED"} for account in found]


@get(f"{ONE}/members/count")
async def count(request: Asking) -> int:
    return await house_of(request).organizations.count((await organization_of(request)).id)


@post(f"{ONE}/members", status_code=201)
async def join(request: Asking) -> Response[bytes]:
    """The body is nothing but the user's id."""
    organization, house = await organization_of(request), house_of(request)
    try:
        word = (await request.body()).decode("ascii").strip().strip('"')
        id = id_of(word, "User does not exist")
    except (UnicodeDecodeError, Refusal):
        raise refused(400, "User does not exist") from None
    if await house.accounts.find(organization.realm, id) is None:
        raise refused(400, "User does not exist")
    if not await house.organizations.join(organization.id, id):
        raise refused(409, "User is already a member of the organization.")
    return made(request, id)


@delete(f"{ONE}/members/{{user:str}}", status_code=204)
async def leave(request: Asking) -> None:
    organization = await organization_of(request)
    id = id_of(request.path_params["user"], "User not found")
    if not await house_of(request).organizations.leave(organization.id, id):
        raise refused(400, "Given user is not a member of the organization")


@get("/organizations/members/{user:str}/organizations")
async def of_member(request: Asking) -> list[dict[str, Any]]:
    id = id_of(request.path_params["user"], "User not found")
    if await house_of(request).accounts.find(realm_of(request), id) is None:
        raise Refusal(404, {"error": "User not found"})
    found = await house_of(request).organizations.of(id)
    return [branch_view(organization) for organization in found]


HANDLERS = [*(find, create, show, update, remove, members, count, join, leave, of_member)]
