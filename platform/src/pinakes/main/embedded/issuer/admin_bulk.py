"""Many users at once, as a migration brings them."""

from typing import Any

from litestar import post

from pinakes.main.embedded.issuer.accounts import Account
from pinakes.main.embedded.issuer.admin_users import TAKEN, described
from pinakes.main.embedded.issuer.shapes import Import, body, refused
from pinakes.main.embedded.issuer.web import Asking, house_of, realm_of


@post("/partialImport", status_code=200)
async def partial_import(request: Asking) -> dict[str, Any]:
    """Add those whose names are free; the others fail the whole or are skipped."""
    told, house, realm = await body(request, Import), house_of(request), realm_of(request)
    if told.if_resource_exists not in {"FAIL", "SKIP"}:
        raise refused(400, "ifResourceExists is FAIL or SKIP")
    accounts = [await described(house, realm, user) for user in told.users]
    names = [account.username for account in accounts]
    taken = await house.accounts.taken(realm, names)
    if told.if_resource_exists == "FAIL" and (taken or len(set(names)) < len(names)):
        raise refused(409, TAKEN)
    added = await house.accounts.add(*accounts)
    results = [result(account, account.id in added) for account in accounts]
    return {
        "overwritten": 0,
        "added": len(added),
        "skipped": len(accounts) - len(added),
        "results": results,
    }


def result(account: Account, added: bool) -> dict[str, Any]:
    known = {"id": str(account.id)} if added else {}
    return {
        "action": "ADDED" if added else "SKIPPED",
        "resourceType": "USER",
        "resourceName": account.username,
        **known,
    }


HANDLERS = [partial_import]
