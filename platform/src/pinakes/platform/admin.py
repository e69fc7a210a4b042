"""The issuer's admin API: what it keeps of an account or a branch, changed without loss."""

from typing import Any

from pinakes.platform.errors import BadRequest, NotFound, Problem, Unauthorized
from pinakes.platform.users import CARDS


class NoSuchAccount(NotFound):
    code = "no_such_account"
    title = "The issuer knows no such account"


class SecretRefused(BadRequest):
    code = "secret_refused"
    title = "The issuer does not take this PIN or password"


class WrongCredentials(Unauthorized):
    code = "wrong_credentials"
    title = "Name and secret do not fit"


class TooManyGuesses(Problem):
    code = "too_many_guesses"
    status = 429
    title = "Too many log-ins from this network have failed"


async def organization(api: Any, code: str) -> dict[str, Any]:
    """The organization with this alias; Keycloak searches in names alone, so ours bear it."""
    for known in await api.a_get_organizations({"search": f"({code})", "max": 100}):
        if known["alias"] == code:
            found: dict[str, Any] = known
            return found
    raise NoSuchAccount(f"The issuer knows no organization {code}.")


async def change(api: Any, subject: str, attributes: dict[str, list[str]]) -> None:
    """Other values of some attributes; Keycloak erases whatever is not sent along."""
    user = await api.a_get_user(subject)
    told = user.get("attributes", {}) | attributes
    if told != user.get("attributes"):
        await api.a_update_user(subject, user | {"attributes": told})


async def carry(api: Any, user: dict[str, Any], card: str) -> None:
    """One more card in the hand of a reader."""
    cards = user["attributes"].get(CARDS, [])
    if card not in cards:
        await change(api, user["id"], {CARDS: [*cards, card]})
