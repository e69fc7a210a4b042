"""What a browser's log-in asks of the issuer: a page, tokens for a code, new tokens, an end."""

import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from msgspec import Struct

from pinakes.platform.errors import Forbidden
from pinakes.platform.language import later
from pinakes.platform.login import IssuerUnavailable, Verifier
from pinakes.platform.tokens import AWAY, LEEWAY, is_sealed

CLIENT = "pinakes-web"
PATIENCE = 5.0  # seconds
AGAIN = later("Log in once more.")


class LoginRefused(Forbidden):
    code = "login_refused"
    title = "The log-in did not succeed"


class Tokens(Struct):
    """An answer of the token endpoint."""

    access_token: str
    refresh_token: str
    expires_in: float
    id_token: str = ""


class IdClaims(Struct):
    """What we look at in an ID token."""

    iss: str
    aud: str | list[str]
    exp: float
    nonce: str = ""


class Issuer:
    """One realm, as the public client ``pinakes-web`` meets it."""

    def __init__(self, base: str, realm: str, verifier: Verifier) -> None:
        self.realm = f"{base.rstrip('/')}/realms/{realm}"
        self.verifier = verifier

    def page(self, *, back: str, state: str, nonce: str, secret: str, **wishes: str | None) -> str:
        """The address of the log-in page; *secret* is told only as its digest (PKCE, S256).

        *wishes* say how the page is to look: ``ui_locales``, and ``library``, the code of the
        branch that sends the browser there (our own issuer shows its name; others pass it over).
        """
        asked = {
            "client_id": CLIENT,
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": back,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(secret),
            "code_challenge_method": "S256",
            **{name: value for name, value in wishes.items() if value},
        }
        return f"{self.realm}/protocol/openid-connect/auth?{urlencode(asked)}"

    async def trade(self, code: str, secret: str, back: str, nonce: str) -> Tokens:
        """Tokens for a code; the ID token must answer this very log-in."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        tokens = await self.tokens(asked | {"code_verifier": secret})
        await self.check(tokens.id_token, nonce)
        return tokens

    async def renew(self, refresh: str) -> Tokens:
        """New tokens for a refresh token, which is then used up."""
        return await self.tokens({"grant_type": "refresh_token", "refresh_token": refresh})

    async def end(self, refresh: str) -> None:
        """End the session there; an absent issuer keeps nobody from logging out here."""
        try:
            await self.post("logout", {"refresh_token": refresh})
        except IssuerUnavailable:
            return

    async def tokens(self, asked: dict[str, str]) -> Tokens:
        status, body = await self.post("token", asked)
        if status != 200:  # noqa: PLR2004
            raise LoginRefused(AGAIN)
        try:
            return msgspec.json.decode(body, type=Tokens)
        except msgspec.DecodeError as error:
            raise LoginRefused(AGAIN) from error

    async def check(self, token: str, nonce: str) -> None:
        """Refuse an ID token that is not the issuer's, not ours, or not of this log-in."""
        try:
            letter = jws.extract_compact(token.encode("ascii"))
            key = await self.verifier.keys[self.realm].find(str(letter.headers().get("kid")))
            claims = msgspec.json.decode(letter.payload, type=IdClaims)
        except (JoseError, ValueError) as error:
            raise LoginRefused(AGAIN) from error
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        right = claims.iss == self.realm and audience == [CLIENT] and claims.nonce == nonce
        if not (is_sealed(letter, key) and right and claims.exp > time.time() - LEEWAY):
            raise LoginRefused(AGAIN)

    async def post(self, what: str, asked: dict[str, Any]) -> tuple[int, bytes]:
        import httpx  # noqa: PLC0415  (a quarter of a second that commands need not wait for)

        address = f"{self.realm}/protocol/openid-connect/{what}"
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                answer = await client.post(address, data={"client_id": CLIENT, **asked})
        except httpx.HTTPError as error:
            raise IssuerUnavailable(AWAY) from error
        if answer.status_code >= 500:  # noqa: PLR2004
            raise IssuerUnavailable(AWAY)
        return answer.status_code, answer.content


def challenge(secret: str) -> str:
    """What PKCE lets the issuer know of *secret*."""
    return urlsafe_b64encode(sha256(secret.encode()).digest()).decode().rstrip("=")
