"""Access tokens, believed only after every rule of one table has been asked."""

import asyncio
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from cachetools import TTLCache
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from msgspec import Struct

from pinakes.platform.errors import Unauthorized, Unavailable
from pinakes.platform.identity import READERS, REALMS, STAFF
from pinakes.platform.language import later

AUDIENCE = "pinakes"
CLIENTS = frozenset({"pinakes-web", "pinakes-cli"})
LEEWAY = 60  # seconds that two clocks may differ
LONGEST = 8192  # bytes of a token; ours have about 1,100
AWAY = later("The log-in service does not answer. Try again in a minute.")
KEPT = 60.0  # seconds a token that was once believed is not looked at again
KEYS_FRESH = 300.0  # seconds after which keys are fetched anew, so that a withdrawn one goes
KEYS_AGAIN = 5.0  # seconds between two fetches, however many unknown keys are named

type Moment = Callable[[str], datetime | None]


class TokenRefused(Unauthorized):
    code = "token_refused"
    title = "This access token does not count here"


class IssuerUnavailable(Unavailable):
    code = "issuer_unavailable"
    title = "Log-in is not available at the moment"


class Claims(Struct, frozen=True):
    """What a believed token says of its bearer."""

    subject: str
    realm: str
    name: str | None
    person: UUID | None  # of a reader
    home: str | None  # code of the reader's home
    grants: tuple[str, ...]  # of staff: ROLE@CODE, ROLE@CODE*, operator@*
    issued: float
    expires: float
    session: str | None = None  # the log-in that it comes from


class Payload(Struct):
    """The claims as they travel; other types than these are refused."""

    iss: str
    aud: str | list[str]
    azp: str
    sub: str
    typ: str
    exp: int | float
    iat: int | float
    nbf: int | float = 0
    preferred_username: str | None = None
    person: UUID | None = None
    home: str | None = None
    grants: list[str] = []
    sid: str | None = None


class Header(Struct):
    alg: str
    kid: str
    typ: str = "JWT"
    crit: list[str] = []


type Rule = Callable[[Payload], bool]

RULES: Mapping[str, Rule] = {
    "it is not for us": lambda claims: (
        AUDIENCE in ([claims.aud] if isinstance(claims.aud, str) else claims.aud)
    ),
    "it names nobody": lambda claims: claims.sub != "",
    "its client is unknown": lambda claims: claims.azp in CLIENTS,
    "it is no access token": lambda claims: claims.typ == "Bearer",
    "it is not valid yet": lambda claims: claims.nbf <= time.time() + LEEWAY,
    "it comes from the future": lambda claims: claims.iat <= time.time() + LEEWAY,
}


def nobody(_: str) -> datetime | None:
    """Nobody has been logged out."""
    return None


class Verifier:
    """Tells whether a token of either realm counts, with keys that outlive an absent issuer.

    *revoked* names, for a subject or one log-in, the moment before which its tokens do not count.
    """

    rules: Mapping[str, Rule] = RULES

    def __init__(self, issuer: str, revoked: Moment = nobody) -> None:
        self.issuer = issuer.rstrip("/")
        self.realms = {f"{self.issuer}/realms/{realm}": realm for realm in REALMS}
        self.revoked = revoked
        self.keys = {address: KeyRing(address) for address in self.realms}
        self.known: MutableMapping[bytes, Claims] = TTLCache(20_000, KEPT, time.monotonic)

    async def verify(self, token: str) -> Claims:
        """What *token* says, or TokenRefused."""
        mark = sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self.known.get(mark)
        if claims is None:
            claims = self.known[mark] = await self.examine(token)
        if not self.lives(claims):
            raise TokenRefused("The token does not count: it has expired.")
        if self.ended(claims):
            raise TokenRefused("The token does not count: its bearer was logged out.")
        return claims

    def ended(self, claims: Claims) -> bool:
        """Whether its bearer was logged out since: of everything, or of this one log-in."""
        ends = map(self.revoked, filter(None, (claims.subject, claims.session)))
        return any(since is not None and predates(claims.issued, since) for since in ends)

    def lives(self, claims: Claims) -> bool:
        """Asked each time, of known tokens too."""
        return claims.expires > time.time() - LEEWAY

    async def examine(self, token: str) -> Claims:
        """The whole look at a token that is not known yet."""
        letter, header, payload = opened(token)
        if payload.iss not in self.realms:
            raise TokenRefused("The token does not count: its issuer is unknown.")
        key = await self.keys[payload.iss].find(header.kid)
        if not is_sealed(letter, key):
            raise TokenRefused("The token does not count: its signature is wrong.")
        for refusal, rule in self.rules.items():
            if not rule(payload):
                raise TokenRefused(f"The token does not count: {refusal}.")
        return told(payload, self.realms[payload.iss])


def predates(issued: float, since: datetime) -> bool:
    """Whether a token may be older than that moment: ``iat`` counts whole seconds alone."""
    return int(issued) <= int(since.timestamp())


def opened(token: str) -> tuple[jws.CompactSignature, Header, Payload]:
    """The token, its header and its claims, believed by nobody yet."""
    try:
        if len(token) > LONGEST:
            raise ValueError(token)
        letter = jws.extract_compact(token.encode("ascii"))
        header = msgspec.convert(letter.headers(), Header)
        payload = msgspec.json.decode(letter.payload, type=Payload)
    except (JoseError, ValueError, RecursionError):
        raise TokenRefused("This is no access token of ours.") from None
    if header.alg != "RS256" or header.crit:
        raise TokenRefused("The token does not count: it is not signed as ours are.")
    return letter, header, payload


def is_sealed(letter: jws.CompactSignature, key: RSAKey) -> bool:
    try:
        return jws.validate_compact(letter, key, algorithms=["RS256"])
    except (JoseError, ValueError):
        return False


def told(payload: Payload, realm: str) -> Claims:
    """The claims that we use; rights come from the realm of staff alone."""
    return Claims(
        subject=payload.sub,
        realm=realm,
        name=payload.preferred_username,
        person=payload.person if realm == READERS else None,
        home=payload.home if realm == READERS else None,
        grants=tuple(payload.grants) if realm == STAFF else (),
        issued=payload.iat,
        expires=payload.exp,
        session=payload.sid,
    )


class KeyRing:
    """The public keys of one realm; the last ones known stay in force while the issuer is away."""

    def __init__(self, realm: str) -> None:
        self.address = f"{realm}/protocol/openid-connect/certs"
        self.keys: dict[str, RSAKey] = {}
        self.fetched = self.tried = float("-inf")
        self.turn = asyncio.Lock()
        self.renewal: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> RSAKey:
        """The key of this name: nothing but a name, never a place to look at."""
        if kid not in self.keys:
            await self.renew()
        elif time.monotonic() - self.fetched > KEYS_FRESH and self.rested():
            self.renewal = asyncio.create_task(self.renew())  # nobody waits for a slow issuer
        if kid in self.keys:
            return self.keys[kid]
        if not self.keys:
            raise IssuerUnavailable(AWAY)
        raise TokenRefused("The token does not count: its key is unknown.")

    def rested(self) -> bool:
        return time.monotonic() - self.tried > KEYS_AGAIN

    async def renew(self) -> None:
        """Fetch the keys, unless somebody has just done so."""
        async with self.turn:
            if self.rested():
                await self.fetch()

    async def fetch(self) -> None:
        """Ask the issuer; silence changes nothing."""
        import httpx  # noqa: PLC0415  (a quarter of a second that commands need not wait for)

        self.tried = time.monotonic()
        try:
            async with httpx.AsyncClient(timeout=3.0) as client:
                answer = (await client.get(self.address)).raise_for_status().json()
            found: list[dict[str, Any]] = [
                key for key in answer["keys"] if key["kty"] == "RSA" and key["alg"] == "RS256"
            ]
            self.keys = {key["kid"]: RSAKey.import_key(key) for key in found} or self.keys
            self.fetched = self.tried
        except (httpx.HTTPError, JoseError, ValueError, LookupError):
            return
