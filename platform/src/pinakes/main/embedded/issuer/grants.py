# pyright: basic
"""The ways to a token. Each checks with Authlib, and refuses in Keycloak's words."""

from typing import Any, cast
from uuid import UUID

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    ResourceOwnerPasswordCredentialsGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from pinakes.main.embedded.issuer.addresses import TooManyGuesses
from pinakes.main.embedded.issuer.clients import PASSWORD, Client
from pinakes.main.embedded.issuer.door import Origin, WhichLibrary
from pinakes.main.embedded.issuer.endpoints import Introspection, Revocation
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.keys import REFRESH
from pinakes.main.embedded.issuer.provider import Provider
from pinakes.main.embedded.issuer.sessions import Code, Session
from pinakes.platform.users import UPDATE_PASSWORD

METHODS = ["none", "client_secret_basic", "client_secret_post"]


class Pkce(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """Proof by S256, which nobody may leave out."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge_method"):
            raise InvalidRequestError("Missing parameter: code_challenge_method")
        if not asked.get("code_challenge"):
            raise InvalidRequestError("Missing parameter: code_challenge")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """The browser's way. The user of an authorization is the session that its code opens."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    server: Any

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        """An address of ours; Authlib's own words would repeat what it may not say."""
        address: str = request.payload.redirect_uri or ""
        if not client.check_redirect_uri(address):
            raise InvalidRequestError("Invalid parameter: redirect_uri")
        return address

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        keep = self.server.house.sessions.keep_code
        lock = asked["code_challenge"]
        self.server.wait(keep, code, request.user, asked["redirect_uri"], lock)

    def query_authorization_code(self, code: str, client: Client) -> Code:
        found: Code | None = self.server.wait(
            self.server.house.sessions.claim_code, self.server.realm, code
        )
        if found is None or not found.session.check_client(client):
            raise InvalidGrantError("Code not valid")
        return found

    def delete_authorization_code(self, code: Code) -> None:
        """Nothing: asking for it has used it up."""

    def authenticate_user(self, code: Code) -> Session:
        return code.session


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Every refresh takes a new step; an old step handed in again ends the session."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True
    request: Any
    server: Any

    def authenticate_refresh_token(self, token: str) -> Session:
        return cast("Session", self.server.wait(self.turn, token))

    async def turn(self, token: str) -> Session:
        house: House = self.server.house
        claims = house.keys.read_token(self.server.realm, REFRESH, token)
        if claims is None or claims["typ"] != "Refresh":
            raise InvalidGrantError("Invalid refresh token")
        if claims["azp"] != self.request.client.id:
            raise InvalidGrantError(
                "Invalid refresh token. Token client and authorized client don't match"
            )
        session = await house.sessions.find(self.server.realm, UUID(claims["sid"]))
        if session is None or not house.mint.read(self.server.realm, token, REFRESH):
            raise InvalidGrantError(
                "Session not active" if session is None else "Token is not active"
            )
        session.step = claims["step"]
        if not await house.sessions.turn(session):
            await house.sessions.end(session.id)
            raise InvalidGrantError("Maximum allowed refresh token reuse exceeded")
        return session

    def authenticate_user(self, session: Session) -> Session:
        return session

    def revoke_old_credential(self, session: Session) -> None:
        """Nothing: its step is over."""


class SlowDown(OAuth2Error):  # type: ignore[misc]
    """Not Keycloak's, which counts by account alone."""

    error = "slow_down"


class DirectGrant(ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]
    """For kiosks and the command line, where no browser is."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: Any
    server: Any

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(PASSWORD):
            raise UnauthorizedClientError("Client not allowed for direct access grants")
        self.validate_requested_scope()
        self.request.client = client
        super().validate_token_request()

    def authenticate_user(self, name: str, secret: str) -> Session:
        return cast("Session", self.server.wait(self.knock, name, secret))

    async def knock(self, name: str, secret: str) -> Session:
        house: House = self.server.house
        origin = Origin(address=self.request.address)
        try:
            account = await house.door.knock(self.server.realm, name, secret, origin=origin)
        except WhichLibrary:
            account = None
        except TooManyGuesses:
            raise SlowDown("Too many wrong guesses from this address", status_code=429) from None
        if account is None:
            raise InvalidGrantError("Invalid user credentials", status_code=401)
        if UPDATE_PASSWORD in account.actions:
            raise InvalidGrantError("Account is not fully set up")
        scope = self.request.payload.scope or ""
        return await house.sessions.open(account, self.request.client.id, scope)


class ServiceGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """For programs that act for themselves."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


def build(house: House, realm: str) -> Provider:
    """The provider of one realm with all its ways."""
    provider = Provider(house, realm)
    provider.register_grant(CodeGrant, [Pkce(required=True)])
    for grant in (RefreshGrant, DirectGrant, ServiceGrant):
        provider.register_grant(grant)
    for endpoint in (Introspection, Revocation):
        provider.register_endpoint(endpoint)
    return provider
