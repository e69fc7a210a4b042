"""Logging in and out with a browser: code + PKCE at the issuer, for readers and staff."""

from secrets import token_urlsafe
from typing import Annotated, Literal

from litestar import Controller, Request, get, post
from litestar.datastructures import Cookie, State
from litestar.params import FromQuery, Parameter, QueryParameter
from litestar.response import Redirect
from msgspec import Struct

from pinakes.federation.identity.issuer import AGAIN, LoginRefused
from pinakes.federation.identity.sessions import Session, Sessions
from pinakes.platform.config import Settings
from pinakes.platform.directory import Directory
from pinakes.platform.errors import BadRequest
from pinakes.platform.http import Data
from pinakes.platform.identity import READERS, STAFF
from pinakes.platform.language import later
from pinakes.tenants.staff.revocations import Revocations

Asked = Request[None, None, State]
Text = Annotated[str, Parameter(max_length=2000)]
Word = Annotated[str | None, Parameter(max_length=2000)]

PREFIX = "pinakes_login_"  # and the state: two tabs may log in side by side
PATIENCE = 600  # seconds to type card and PIN
REALMS = {"reader": READERS, "staff": STAFF}
OURS = ("/login", "/callback", "/logout", "/v1/")  # where nobody wants to be sent after a log-in


class NextRefused(BadRequest):
    code = "next_refused"
    title = "This log-in leads to no page of ours"


class LoginLost(BadRequest):
    code = "login_lost"
    title = "This log-in was not begun here, or too long ago"


class Attempt(Struct, frozen=True):
    """A log-in that has begun; the browser keeps it sealed until the issuer sends it back."""

    realm: str
    state: str
    nonce: str
    secret: str
    next: str


class Login(Controller):
    include_in_schema = False

    @get("/login")
    async def begin(
        self,
        request: Asked,
        next: FromQuery[Text] = "/",
        as_: Annotated[Literal["reader", "staff"], QueryParameter(name="as")] = "reader",
        lang: FromQuery[Literal["zh", "en"] | None] = None,
    ) -> Redirect:
        """Go to the issuer's page, and from there to *next*."""
        sessions: Sessions = request.app.state.sessions
        state, nonce, secret = (token_urlsafe(32) for _ in range(3))
        attempt = Attempt(REALMS[as_], state, nonce, secret, inside(next))
        page = sessions.issuers[attempt.realm].page(
            back=back(request),
            state=attempt.state,
            nonce=attempt.nonce,
            secret=attempt.secret,
            ui_locales=lang or request.cookies.get("lang"),
            library=library(request, attempt.next),
        )
        return Redirect(page, status_code=303, cookies=[kept(sessions, attempt)])

    @get("/callback")
    async def callback(
        self,
        request: Asked,
        state_: Annotated[str, QueryParameter(name="state", max_length=2000)],
        code: FromQuery[Word] = None,
        iss: FromQuery[Word] = None,
    ) -> Redirect:
        """Come back from the issuer with a code, and leave with a session."""
        sessions: Sessions = request.app.state.sessions
        attempt = sessions.attempts.open(request.cookies.get(named(state_), ""), Attempt)
        if attempt is None or attempt.state != state_:
            raise LoginLost(later("Log in once more; your browser must accept cookies."))
        issuer = sessions.issuers[attempt.realm]
        if code is None or iss not in {None, issuer.realm}:
            raise LoginRefused(AGAIN)
        tokens = await issuer.trade(code, attempt.secret, back(request), attempt.nonce)
        session = sessions.cookie(Session.of(attempt.realm, tokens))
        gone = Cookie(key=named(state_), value="", path="/callback", max_age=0)
        return Redirect(attempt.next, status_code=303, cookies=[session, gone])

    @post("/logout")
    async def leave(self, request: Asked, database: Data) -> Redirect:
        """End the session here and at the issuer; a copy of its cookie opens nothing either."""
        sessions: Sessions = request.app.state.sessions
        revocations: Revocations = request.app.state.revocations
        ended = await sessions.end(request)
        if ended:
            await revocations.end(database.public, ended)
        return Redirect("/", status_code=303)


def inside(next: str) -> str:
    """*next* when it is a page of ours, by path alone; NextRefused when it may be another's."""
    plain = next.isprintable() and "\\" not in next
    if not (plain and next.startswith("/") and not next.startswith("//")):
        raise NextRefused("`next` is the path of a page, such as /b/CODE/.")
    return "/" if next.startswith(OURS) else next


def back(request: Asked) -> str:
    """Where the issuer sends the browser back to."""
    settings: Settings = request.app.state.settings
    return f"{settings.address.rstrip('/')}/callback"


def library(request: Asked, next: str) -> str | None:
    """The code of the branch to whose page the log-in leads."""
    directory: Directory = request.app.state.directory
    here = directory.at_host(request.headers.get("host", ""))
    if here is not None:
        return here.code
    branch, _, code = next[1:].partition("?")[0].partition("/")
    code = code.partition("/")[0]
    return code if branch == "b" and code in directory.codes else None


def named(state: str) -> str:
    """The cookie of one attempt."""
    return PREFIX + "".join(letter for letter in state[:16] if letter.isalnum())


def kept(sessions: Sessions, attempt: Attempt) -> Cookie:
    """The attempt, in a cookie that lives as long as a log-in may take."""
    return Cookie(
        key=named(attempt.state),
        value=sessions.attempts.close(attempt),
        path="/callback",
        max_age=PATIENCE,
        httponly=True,
        secure=sessions.secure,
        samesite="lax",
    )
