# pyright: basic
"""Asking whether a token counts, and ending what it belongs to."""

from typing import Any
from uuid import UUID

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from pinakes.main.embedded.issuer.clients import Client
from pinakes.main.embedded.issuer.keys import REFRESH, Claims
from pinakes.main.embedded.issuer.sessions import Session

SECRET = ["client_secret_basic", "client_secret_post"]


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """For programs that have a secret."""

    CLIENT_AUTH_METHODS = SECRET

    def authenticate_token(self, request: Any, client: Client) -> Claims | None:
        found: Claims | None = self.server.wait(self.look, request.form.get("token", ""))
        return found

    async def look(self, token: str) -> Claims | None:
        """The claims of an access or refresh token whose session has not ended."""
        mint, realm = self.server.house.mint, self.server.realm
        claims = mint.read(realm, token) or mint.read(realm, token, REFRESH)
        if claims is None or "sid" not in claims:
            return claims
        session = await self.server.house.sessions.find(realm, UUID(claims["sid"]))
        spent = session and claims["typ"] == "Refresh" and claims["step"] != session.step
        return claims if session and not spent else None

    def create_introspection_payload(self, token: Claims | None) -> Claims:
        if token is None:
            return {"active": False}
        known = {"client_id": token["azp"], "username": token.get("preferred_username")}
        return {**token, **known, "token_type": token["typ"], "active": True}


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """A session ends with any token of it that its client gives up."""

    CLIENT_AUTH_METHODS = [*SECRET, "none"]

    def query_token(self, token: str, _: str | None) -> Session | None:
        mint, realm = self.server.house.mint, self.server.realm
        claims = mint.read(realm, token, REFRESH) or mint.read(realm, token)
        if claims is None or "sid" not in claims:
            return None
        found: Session | None = self.server.wait(
            self.server.house.sessions.find, realm, UUID(claims["sid"])
        )
        return found

    def revoke_token(self, session: Session, _: Any) -> None:
        self.server.wait(self.server.house.sessions.end, session.id)
