# pyright: basic
"""Authlib's authorization server, standing on our stores.

Authlib is synchronous: its calls run in a thread and come back to the event
loop for every look into the database.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, cast

from anyio import from_thread, to_thread
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from pinakes.main.embedded.issuer.clients import SCOPES, Client
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.sessions import Session

ALWAYS = ("profile", "email")  # as Keycloak's default client scopes
ONE = "organization"
SECURE = "https://issuer"  # Authlib would refuse plain http; whether it is used is for the operator


class Asked(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request as Authlib wants to see it."""

    def __init__(
        self,
        method: str,
        parameters: dict[str, str],
        authorization: str | None,
        address: str | None = None,
    ) -> None:
        super().__init__(method, SECURE, headers={"Authorization": authorization or ""})
        self.address = address
        self.payload: Any = BasicOAuth2Payload(parameters)

    @property
    def form(self) -> dict[str, str]:
        """Queries and forms are one to us: each parameter may come once."""
        parameters: dict[str, str] = self.payload.data
        return parameters


@dataclass(frozen=True, slots=True)
class Answer:
    """What Authlib wants to be answered."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class Provider(AuthorizationServer):  # type: ignore[misc]
    """One realm's authorization server."""

    def __init__(self, house: House, realm: str) -> None:
        super().__init__()
        self.house = house
        self.realm = realm

    async def token(self, asked: Asked) -> Answer:
        """What the token endpoint answers."""
        return await self.ask(self.create_token_response, asked)

    async def endpoint(self, name: str, asked: Asked) -> Answer:
        """What the endpoint *name* answers."""
        return await self.ask(self.create_endpoint_response, name, asked)

    async def ask(self, work: Callable[..., Any], *values: Any) -> Answer:
        """Let Authlib do *work* in a thread; whatever it cannot read is the caller's mistake."""
        try:
            return await to_thread.run_sync(work, *values)
        except OAuth2Error as error:
            return self.handle_response(*error())
        except ValueError:
            return self.handle_response(*InvalidRequestError()())

    async def consent(self, asked: Asked) -> str | None:
        """Where an authorization request goes back to with its error; None when it is right.

        ValueError when it is so wrong that the browser may be sent nowhere.
        """
        try:
            await to_thread.run_sync(self.get_consent_grant, asked)
        except OAuth2Error as error:
            if not error.redirect_uri:
                raise ValueError(error.error) from None
            return str(dict(error()[2])["Location"])
        return None

    def authorize(self, asked: Asked, session: Session) -> Answer:
        """Send a browser back with a code for *session*."""
        grant = self.get_consent_grant(asked)
        answer: Any = self.create_authorization_response(asked, session, grant)
        return cast("Answer", answer)

    def wait(self, work: Callable[..., Coroutine[Any, Any, Any]], *values: Any) -> Any:
        """The result of something asynchronous, from within the thread."""
        return from_thread.run(work, *values)

    def query_client(self, client_id: str) -> Client | None:
        return self.house.clients.get(client_id)

    def authenticate_client(self, *values: Any) -> Client:
        """The client, or the one answer that Keycloak has for all strangers."""
        try:
            client: Any = super().authenticate_client(*values)
        except InvalidClientError:
            raise InvalidClientError(
                description="Invalid client or Invalid client credentials", status_code=401
            ) from None
        return cast("Client", client)

    def validate_requested_scope(self, scope: str | None) -> None:
        """Refuse unknown words, and organizations that do not exist."""
        words = set((scope or "").split())
        named = [word.removeprefix(f"{ONE}:") for word in words - SCOPES - {f"{ONE}:*"}]
        known = self.wait(self.house.organizations.enabled, self.realm, named) if named else []
        if len(known) < len(named):
            raise InvalidScopeError(description="Invalid scopes")

    def generate_token(
        self, grant_type: str, client: Client, user: Session | None = None, **told: Any
    ) -> dict[str, Any]:
        """The tokens of a session, which is all that Authlib knows of a user."""
        scope = complete(told.get("scope"))
        if user is None:
            return self.house.mint.service_set(self.realm, client.id, scope)
        return self.house.mint.token_set(user, scope, self.organizations(user, scope))

    def organizations(self, session: Session, scope: str) -> list[str]:
        """The branches that the claim names: one that was asked for, or the only one."""
        wanted = {word.partition(":")[2] for word in scope.split() if word.startswith(ONE)}
        if not wanted:
            return []
        own = self.wait(self.house.organizations.of, session.account.id)
        aliases = [organization.alias for organization in own if organization.enabled]
        if "" in wanted:
            return aliases if len(aliases) == 1 else []
        return aliases if "*" in wanted else [alias for alias in aliases if alias in wanted]

    def save_token(self, *_: Any) -> None:
        """Nothing: the session was written when the grant was looked at."""

    def send_signal(self, *_: Any, **__: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        return Answer(status, body or {}, dict(headers))


def complete(scope: str | None) -> str:
    """The scope with the words that are always in it."""
    words = (scope or "").split()
    return " ".join([*words, *(word for word in ALWAYS if word not in words)])
