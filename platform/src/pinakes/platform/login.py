"""People are kept by Keycloak, or by our own issuer that behaves like it: the one door to them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType, TracebackType
from typing import Any, Self
from uuid import UUID

from anyio import to_thread

from pinakes.platform import users
from pinakes.platform.admin import (
    NoSuchAccount,
    SecretRefused,
    TooManyGuesses,
    WrongCredentials,
    carry,
    change,
    organization,
)
from pinakes.platform.identity import READERS, REALMS, STAFF
from pinakes.platform.tokens import Claims, IssuerUnavailable, TokenRefused, Verifier
from pinakes.platform.users import NewReader

__all__ = ["Accounts", "Claims", "IssuerUnavailable", "NewReader", "TokenRefused", "Verifier"]

SERVICE, DIRECT = "pinakes-admin", "pinakes-cli"  # the clients that we are
EARLY = timedelta(seconds=40)  # sooner than python-keycloak, whose callers all renew at once (#708)
BULK = 200  # readers in one import
PATIENCE = 15  # seconds
NOT_FOUND, CONFLICT, TOO_MANY, FAULTS = 404, 409, 429, range(500, 600)


def library() -> ModuleType:
    """python-keycloak, which takes half a second to come."""
    import keycloak  # noqa: PLC0415

    return keycloak


class Realm:
    """One realm's admin API, with a token that one caller renews for all."""

    def __init__(self, server: str, name: str, secret: str) -> None:
        self.told = {
            "server_url": f"{server.rstrip('/')}/",
            "realm_name": name,
            "user_realm_name": name,
            "client_id": SERVICE,
            "client_secret_key": secret,
            "timeout": PATIENCE,
        }
        self.api: Any = None
        self.turn = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Any]:
        """A KeycloakAdmin, whose refusals become problems of ours."""
        try:
            yield await self.fresh()
        except Exception as error:
            raise understood(error) from error

    async def fresh(self) -> Any:
        async with self.turn:
            if self.api is None:
                keycloak = await to_thread.run_sync(library)
                self.api = keycloak.KeycloakAdmin(**self.told)
            connection = self.api.connection
            if connection.expires_at is None or connection.expires_at < datetime.now(UTC) + EARLY:
                await connection.a_refresh_token()
        return self.api

    async def aclose(self) -> None:
        if self.api is not None:
            await self.api.connection.keycloak_openid.connection.aclose()
            await self.api.connection.aclose()
            self.api = None


def understood(error: Exception) -> Exception:
    """A refusal of the issuer as a problem of ours; whatever we cannot explain stays as it is."""
    theirs: bool = isinstance(error, library().KeycloakError)
    if not theirs:
        return error
    status: int | None = getattr(error, "response_code", None)
    body: bytes = getattr(error, "response_body", None) or b""
    if status is None or status in FAULTS:
        return IssuerUnavailable("The issuer does not answer; try again in a minute.")
    if status == NOT_FOUND:
        return NoSuchAccount("The issuer knows no such account.")
    if b"password" in body.lower():
        return SecretRefused("A PIN has 6 digits, a password at least 12 characters.")
    return error


async def unless_taken(making: Awaitable[Any]) -> Any:
    """What *making* answers, or None when somebody has been there before."""
    try:
        return await making
    except library().KeycloakError as error:
        if getattr(error, "response_code", None) == CONFLICT:
            return None
        raise


class Accounts:
    """Organizations, staff and readers. Every verb may be said twice."""

    def __init__(self, issuer: str, secret: str) -> None:
        self.issuer = issuer
        self.realms = {name: Realm(issuer, name, secret) for name in REALMS}
        self.organizations: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of all connections."""
        for realm in self.realms.values():
            await realm.aclose()

    async def ensure_organization(self, code: str, name: str, english: str = "") -> str:
        """The id of the organization of branch *code*; several branches may have one name.

        It is described by its *english* name: so a log-in page may say it.
        """
        told = {
            "name": f"{name} ({code})",
            "alias": code,
            "enabled": True,
            "description": english or name,
        }
        async with self.realms[STAFF].open() as api:
            id = await unless_taken(api.a_create_organization(told))
            if id is None:
                known = await organization(api, code)
                id = known["id"]
                if known | told != known:
                    await api.a_update_organization(id, known | told)
        self.organizations[code] = id
        return str(id)

    async def ensure_staff(
        self,
        name: str,
        branch: str,
        grants: Sequence[str],
        password: str | None,
        *,
        temporary: bool = False,
    ) -> str:
        """The subject of a member of staff.

        A *password* counts for a new account alone; a *temporary* one replaces an old one too.
        """
        told = users.staff(name, branch, list(grants), password, temporary=temporary)
        async with self.realms[STAFF].open() as api:
            id = await unless_taken(api.a_create_user(told))
            if id is None:
                id = await api.a_get_user_id(name)
                await change(api, id, told["attributes"])
                if password is not None and temporary:
                    await self.set_password(id, password, temporary=True)
            if branch not in self.organizations:
                self.organizations[branch] = (await organization(api, branch))["id"]
            await unless_taken(api.a_organization_user_add(id, self.organizations[branch]))
        return str(id)

    async def set_grants(self, subject: str, grants: Sequence[str]) -> None:
        """What a member of staff may do from the next token on."""
        async with self.realms[STAFF].open() as api:
            await change(api, subject, {"grants": list(grants)})

    async def ensure_reader(
        self, card: str, person: UUID, home: str, pin: str | None, *, temporary: bool = True
    ) -> str:
        """The subject of a person; *pin* counts for a new account alone."""
        told = users.reader(NewReader(person, card, home, pin), temporary=temporary)
        async with self.realms[READERS].open() as api:
            known = await api.a_get_users({"q": f"person:{person}", "max": 1})
            if known:
                await carry(api, known[0], card)
                return str(known[0]["id"])
            for name in users.names(card, str(person), home):
                id = await unless_taken(api.a_create_user(told | {"username": name}))
                if id is not None:
                    return str(id)
            return str(await api.a_get_user_id(str(person)))

    async def import_readers(self, readers: Sequence[NewReader]) -> dict[UUID, str]:
        """The subjects of many new persons, for the price of a few calls."""
        subjects: dict[UUID, str] = {}
        for start in range(0, len(readers), BULK):
            lot = readers[start : start + BULK]
            subjects |= await self.import_lot(lot)
            for one in lot:
                if one.person not in subjects:  # another person's card has the same number
                    subjects[one.person] = await self.ensure_reader(
                        one.card, one.person, one.home, one.pin
                    )
                    for number in one.others:
                        await self.add_card(subjects[one.person], number)
        return subjects

    async def import_lot(self, lot: Sequence[NewReader]) -> dict[UUID, str]:
        """The subjects of those whose card number is free for a user name."""
        people = await to_thread.run_sync(lambda: [users.imported(one) for one in lot])
        named = {
            user["username"]: (one.person, user) for one, user in zip(lot, people, strict=True)
        }
        told = {"ifResourceExists": "SKIP", "users": [user for _, user in named.values()]}
        async with self.realms[READERS].open() as api:
            done = await api.a_partial_import_realm(READERS, told)
        return {
            named[one["resourceName"]][0]: one["id"]
            for one in done["results"]
            if one["action"] == "ADDED"
        }

    async def add_card(self, subject: str, number: str) -> None:
        """One more number by which a reader may log in."""
        async with self.realms[READERS].open() as api:
            await carry(api, await api.a_get_user(subject), number)

    async def remove_card(self, subject: str, number: str) -> None:
        """The number logs nobody in any longer; another card gives the account its name."""
        async with self.realms[READERS].open() as api:
            user, free = users.moved(await api.a_get_user(subject), number)
            for name in free:
                told = user | {"username": name}
                if await unless_taken(api.a_update_user(subject, told)) is not None:
                    return

    async def set_pin(self, subject: str, pin: str, *, temporary: bool) -> None:
        """Another PIN; whoever knew the old one is logged out, and failures are forgiven."""
        await self.set_secret(READERS, subject, pin, temporary=temporary)

    async def set_password(self, subject: str, password: str, *, temporary: bool) -> None:
        """The same for a member of staff."""
        await self.set_secret(STAFF, subject, password, temporary=temporary)

    async def set_secret(self, realm: str, subject: str, secret: str, *, temporary: bool) -> None:
        async with self.realms[realm].open() as api:
            await api.a_set_user_password(subject, secret, temporary)
            await api.a_clear_bruteforce_attempts_for_user(subject)
            await api.a_user_logout(subject)

    async def disable(self, realm: str, subject: str) -> None:
        """Nobody logs in to this account until it is enabled again."""
        async with self.realms[realm].open() as api:
            await api.a_update_user(subject, await api.a_get_user(subject) | {"enabled": False})
            await api.a_user_logout(subject)

    async def enable(self, realm: str, subject: str) -> None:
        async with self.realms[realm].open() as api:
            await api.a_update_user(subject, await api.a_get_user(subject) | {"enabled": True})

    async def direct_token(self, realm: str, name: str, secret: str) -> dict[str, Any]:
        """Tokens for a name and its secret, without a browser."""
        keycloak = await to_thread.run_sync(library)
        client = keycloak.KeycloakOpenID(
            server_url=f"{self.issuer.rstrip('/')}/", realm_name=realm, client_id=DIRECT
        )
        try:
            tokens: dict[str, Any] = await client.a_token(name, secret)
        except keycloak.KeycloakError as error:
            raise refused(error) from None
        finally:
            await client.connection.aclose()
        return tokens


def refused(error: Any) -> Exception:
    """Why nobody logs in with this name and secret."""
    if b"not fully set up" in (error.response_body or b""):
        return WrongCredentials("The first PIN has to be changed: log in on a page once.")
    if error.response_code in {400, 401}:
        return WrongCredentials("Name and secret do not fit.")
    if error.response_code == TOO_MANY:
        return TooManyGuesses("Wait a minute, then try again.")
    return understood(error)
