"""A browser's session: tokens in a sealed cookie, renewed in time, one renewal at a time."""

import asyncio
import time
from collections.abc import MutableMapping
from hashlib import sha256
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from cachetools import TTLCache
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from msgspec import Struct
from msgspec.structs import replace

from pinakes.federation.identity.issuer import Issuer, LoginRefused, Tokens
from pinakes.federation.identity.sealing import LONGEST, Seal
from pinakes.platform.config import Settings
from pinakes.platform.errors import Forbidden
from pinakes.platform.identity import REALMS
from pinakes.platform.language import later
from pinakes.platform.login import Claims, IssuerUnavailable, TokenRefused, Verifier

type Connection = ASGIConnection[Any, Any, Any, Any]

NAME = "pinakes_session"
ROOM = LONGEST - 200  # characters left for the value beside its name and attributes
EARLY = 10.0  # seconds before its end that a token is renewed
HELD = 300.0  # seconds that a renewal is remembered for requests that still bring the old cookie
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignForm(Forbidden):
    code = "foreign_form"
    title = "This form was sent from another site"


class Session(Struct, frozen=True):
    """Who is logged in, as tokens of the issuer."""

    realm: str
    access: str  # empty where the cookie had no room for it
    refresh: str
    expires: float

    @classmethod
    def of(cls, realm: str, tokens: Tokens) -> "Session":
        ends = time.time() + tokens.expires_in
        return cls(realm, tokens.access_token, tokens.refresh_token, ends)

    @property
    def fresh(self) -> bool:
        return bool(self.access) and self.expires - EARLY > time.time()

    @property
    def mark(self) -> bytes:
        return sha256(self.refresh.encode()).digest()


class Sessions:
    """Reads sessions from cookies and writes them back; keeps nothing that a crash would miss."""

    def __init__(self, settings: Settings, verifier: Verifier) -> None:
        secret = settings.secret.get_secret_value() or token_hex()  # without one, till we stop
        self.seal = Seal(secret, "session")
        self.attempts = Seal(secret, "attempt")
        self.secure = settings.address.startswith("https:")
        self.verifier = verifier
        self.issuers = {realm: Issuer(settings.issuer, realm, verifier) for realm in REALMS}
        self.held: MutableMapping[bytes, Session] = TTLCache(10_000, HELD, time.monotonic)
        self.renewals: dict[bytes, asyncio.Task[Session]] = {}

    async def claims(self, connection: Connection) -> Claims | None:
        """Who a page's session says is asking; None without one, or when it has ended.

        The cookie counts for pages only, and for forms only when one of our own
        pages sent them. What must be said back is said by ``answer``.
        """
        scope: Any = connection.scope
        if scope["path"].startswith("/v1/"):
            return None
        session = self.read(connection)
        if session is None:
            return None
        if scope["method"] not in SAFE and not own_form(connection):
            raise ForeignForm(later("Open the page here and send its form from there."))
        try:
            current = await self.current(session)
            claims = await self.verifier.verify(current.access)
        except (LoginRefused, TokenRefused):
            self.say(connection, None)
            return None
        if current.refresh != session.refresh:
            self.say(connection, current)
        return claims

    def read(self, connection: Connection) -> Session | None:
        """The session that the request's cookie holds."""
        cookie = connection.cookies.get(NAME)
        return self.seal.open(cookie, Session) if cookie else None

    async def current(self, session: Session) -> Session:
        """The session with a token that still counts; requests side by side renew once."""
        if session.fresh:
            return session
        held = self.held.get(session.mark)
        if held and held.fresh:
            return held
        task = self.renewals.get(session.mark)
        if task is None:
            task = self.renewals[session.mark] = asyncio.create_task(self.renew(session))
            task.add_done_callback(lambda _: self.renewals.pop(session.mark, None))
        return await asyncio.shield(task)

    async def renew(self, session: Session) -> Session:
        latest = self.held.get(session.mark, session)
        tokens = await self.issuers[session.realm].renew(latest.refresh)
        renewed = Session.of(session.realm, tokens)
        for mark in (session.mark, latest.mark, renewed.mark):
            self.held[mark] = renewed
        return renewed

    async def end(self, connection: Connection) -> str | None:
        """Log out at the issuer and in this browser; answers the log-in whose tokens live on."""
        self.say(connection, None)
        session = self.read(connection)
        if session is None:
            return None
        latest = self.held.get(session.mark, session)
        await self.issuers[session.realm].end(latest.refresh)
        try:
            return (await self.verifier.verify(latest.access)).session
        except (TokenRefused, IssuerUnavailable):
            return None

    def say(self, connection: Connection, session: Session | None) -> None:
        """Let the answer to this request carry the session, or end it."""
        connection.scope["state"][NAME] = self.cookie(session)

    def cookie(self, session: Session | None) -> Cookie:
        """The cookie that holds *session*; without one, the cookie that ends it."""
        value = self.sealed(session) if session else ""
        return Cookie(
            key=NAME,
            value=value,
            path="/",
            max_age=None if session else 0,
            httponly=True,
            secure=self.secure,
            samesite="lax",
        )

    def sealed(self, session: Session) -> str:
        """The session as text; one with many rights is renewed more often instead of refused."""
        whole = self.seal.close(session)
        return whole if len(whole) <= ROOM else self.seal.close(replace(session, access=""))


async def answer(message: Any, scope: Any) -> None:
    """Put the cookie of a renewed or ended session onto the answer, whatever it is."""
    if message["type"] == "http.response.start" and NAME in scope.get("state", {}):
        header = scope["state"][NAME].to_header(header="").encode()
        message["headers"] = [*message.get("headers", []), (b"set-cookie", header)]


def own_form(connection: Connection) -> bool:
    """Whether the browser says that a page of this very host sent the form.

    Browsers say it in ``Sec-Fetch-Site``, older ones in ``Origin``; a program
    that says neither has no cookies of anybody else.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")
