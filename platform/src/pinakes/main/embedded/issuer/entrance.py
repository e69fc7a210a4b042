"""The log-in pages: from the request of a client to the code that it gets."""

from dataclasses import replace
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Response, Router, get, post, route
from litestar.datastructures import Cookie
from litestar.response import Redirect

from pinakes.main.embedded.issuer import pins
from pinakes.main.embedded.issuer.accounts import Account
from pinakes.main.embedded.issuer.addresses import EACH, TooManyGuesses
from pinakes.main.embedded.issuer.attempts import Attempt
from pinakes.main.embedded.issuer.browsers import DAYS
from pinakes.main.embedded.issuer.door import Origin, WhichLibrary
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.pages import HERE, step, stop
from pinakes.main.embedded.issuer.provider import Asked
from pinakes.main.embedded.issuer.web import (
    AWAY,
    LATER,
    Asking,
    Refusal,
    address_of,
    form,
    house_of,
    provider_of,
    query,
    realm_of,
    secure,
)
from pinakes.main.embedded.issuer.words import chosen
from pinakes.platform.users import UPDATE_PASSWORD

COOKIE = "AUTH_SESSION_ID"
KNOWN = "AUTH_BROWSER_ID"  # of one that somebody has come in by
COOKIE_LENGTH = 43
KEPT = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "library")
PROOF = ("code_challenge", "code_challenge_method")


class Stop(Exception):
    """A log-in that cannot go on."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def language_of(request: Asking, asked: dict[str, str]) -> str:
    wish = asked.get("kc_locale") or asked.get("ui_locales")
    return chosen(wish, request.headers.get("accept-language", ""))


def stopped(request: Asking, error: Stop) -> Response[str]:
    return stop(house_of(request).settings, error.why, language_of(request, {}))


def away(request: Asking, _: Exception) -> Response[str]:
    """The database does not answer."""
    page = stop(house_of(request).settings, "stop_away", language_of(request, {}), 503)
    page.headers.update(LATER)
    return page


@route("/protocol/openid-connect/auth", http_method=["GET", "POST"], status_code=200)
async def begin(request: Asking) -> Response[Any]:
    """Look at what the client asks for; then show the form."""
    house, provider = house_of(request), provider_of(request)
    try:
        told = query(request) if request.method == "GET" else await form(request)
        if told.get("response_mode", "query") != "query":
            raise Stop("stop_request")
        asked = {name: told[name] for name in (*KEPT, *PROOF) if name in told}
        wrong = await provider.consent(Asked("GET", asked, None))
    except (Refusal, ValueError):
        raise Stop("stop_request") from None
    if wrong:
        return Redirect(wrong)
    if "none" in told.get("prompt", "").split():
        return Redirect(refused(asked, "login_required"))
    browser = browser_of(request) or token_urlsafe(32)
    attempt = await house.attempts.begin(provider.realm, asked, language_of(request, told), browser)
    response = await step(house, attempt, username=told.get("login_hint", "")[:200])
    response.set_cookie(cookie(request, COOKIE, browser))
    return response


def refused(asked: dict[str, str], error: str) -> str:
    """Where a browser goes back to with an error."""
    state = {"state": asked["state"]} if "state" in asked else {}
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    return f"{asked['redirect_uri']}{joint}{urlencode({'error': error} | state)}"


def cookie(request: Asking, key: str, word: str, days: int | None = None) -> Cookie:
    """One of our words, kept until the browser is closed or for so many days."""
    return Cookie(
        key=key,
        value=word,
        max_age=days and days * 86_400,
        path=urlsplit(house_of(request).settings.realm(realm_of(request))).path + "/",
        httponly=True,
        samesite="lax",
        secure=secure(request),
    )


def browser_of(request: Asking, key: str = COOKIE) -> str | None:
    """The word by which we know this browser, if it is one of ours."""
    word = request.cookies.get(key, "")
    return word if len(word) == COOKIE_LENGTH and word.isascii() else None


async def attempt_of(request: Asking) -> Attempt:
    """The attempt that the address names, in the browser that began it."""
    try:
        code = query(request).get("session_code", "")
    except Refusal:
        raise Stop("stop_request") from None
    attempt = await house_of(request).attempts.find(
        realm_of(request), code, browser_of(request) or ""
    )
    if attempt is None:
        raise Stop("stop_expired")
    return attempt


@get("/login-actions/authenticate")
async def again(request: Asking) -> Response[str]:
    """The same step, perhaps in the other language."""
    house, attempt = house_of(request), await attempt_of(request)
    attempt = replace(attempt, language=chosen(query(request).get("kc_locale"), attempt.language))
    await house.attempts.speak(attempt, attempt.language)
    return await step(house, attempt)


@post("/login-actions/authenticate", status_code=200)
async def submit(request: Asking) -> Response[Any]:
    """What was typed into the form of this step."""
    attempt = await attempt_of(request)
    try:
        typed = await form(request)
    except Refusal:
        raise Stop("stop_request") from None
    if attempt.account is None:
        return await log_in(request, attempt, typed)
    return await renew(request, attempt, typed)


async def log_in(request: Asking, attempt: Attempt, typed: dict[str, str]) -> Response[Any]:
    """Name and secret, and the library where the name alone does not tell."""
    house, name = house_of(request), typed.get("username", "")
    secret, home = typed.get("password", ""), typed.get("home") or None
    browser = browser_of(request, KNOWN)
    try:
        origin = Origin(browser, address_of(request))
        account = await house.door.knock(attempt.realm, name, secret, home, origin)
    except WhichLibrary as several:
        names = await house.organizations.names(several.homes, attempt.language)
        homes = [(code, f"{names.get(code, '')} ({code})".strip()) for code in several.homes]
        told = {"error": "which_library", "field": "home", "homes": homes, "username": name}
        return await step(house, attempt, **told)
    except TooManyGuesses:
        told = {"error": "too_many_guesses", "username": name[:200]}
        turned_away = await step(house, attempt, status=429, **told)
        turned_away.headers["Retry-After"] = str(EACH)
        return turned_away
    if account is None:
        error = f"wrong_{attempt.realm}"
        return await step(house, attempt, error=error, username=name[:200])
    browser = browser or token_urlsafe(32)
    await house.browsers.remember(browser, account.id)
    response = await come_in(request, attempt, account)
    response.set_cookie(cookie(request, KNOWN, browser, DAYS))
    return response


async def come_in(request: Asking, attempt: Attempt, account: Account) -> Response[Any]:
    """On to where the browser wanted to go; a first secret has to be changed before."""
    if UPDATE_PASSWORD not in account.actions:
        return await send_back(request, attempt, account)
    house = house_of(request)
    await house.attempts.remember(attempt, account.id)
    return await step(house, replace(attempt, account=account.id))


async def renew(request: Asking, attempt: Attempt, typed: dict[str, str]) -> Response[Any]:
    """A secret of one's own in place of the first one."""
    house, secret = house_of(request), typed.get("password-new", "")
    assert attempt.account is not None  # noqa: S101 - the step before saw to it
    account = await house.accounts.find(attempt.realm, attempt.account)
    if account is None or not account.enabled or UPDATE_PASSWORD not in account.actions:
        raise Stop("stop_expired")
    if error := await flaw(house, account, secret, typed.get("password-confirm", "")):
        return await step(house, attempt, error=error)
    actions = [action for action in account.actions if action != UPDATE_PASSWORD]
    await house.accounts.set_secret(account.id, await house.door.seal(secret), actions)
    return await send_back(request, attempt, account)


async def flaw(house: House, account: Account, secret: str, again: str) -> str | None:
    """The name of what is wrong with a new secret."""
    names = [account.username, *account.attributes.get("card_number", [])]
    if weakness := pins.weak(account.realm, secret, names):
        return weakness
    if secret != again:
        return "differ"
    return "same" if await house.door.compare(account.sealed, secret) else None


async def send_back(request: Asking, attempt: Attempt, account: Account) -> Response[Any]:
    """Open a session and give its code to the client, once."""
    house, provider, asked = house_of(request), provider_of(request), attempt.asked
    if not await house.attempts.finish(attempt):
        raise Stop("stop_expired")
    session = await house.sessions.open(
        account, asked["client_id"], asked.get("scope", ""), asked.get("nonce")
    )
    answer = await provider.ask(provider.authorize, Asked("GET", asked, None), session)
    more = urlencode({"session_state": session.id, "iss": house.settings.realm(provider.realm)})
    return Redirect(f"{answer.headers['Location']}&{more}")


@get("/resources/issuer.css", media_type="text/css", cache_control=None)
async def style() -> str:
    return CSS


CSS = (HERE / "static" / "issuer.css").read_text()

ROUTES = Router(
    "/realms/{realm:str}",
    route_handlers=[begin, again, submit],
    exception_handlers={Stop: stopped, **dict.fromkeys(AWAY, away)},
)
