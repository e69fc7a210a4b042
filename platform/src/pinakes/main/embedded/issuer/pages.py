"""The pages: plain HTML that works without scripts, and the headers that keep it plain."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response

from pinakes.main.embedded.issuer.attempts import Attempt
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.settings import Settings
from pinakes.main.embedded.issuer.words import TAGS, Words

HERE = Path(__file__).parent
STYLE = "/resources/issuer.css"
JINJA = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


def guarded(settings: Settings, language: str) -> dict[str, str]:
    """No script, no frame, no memory; a form may only end here or where we send browsers back."""
    back = " ".join(settings.returns)
    return {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {back}"  # a browser holds the redirect after a form to it too
        ),
        "Content-Language": TAGS[language],
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def page(
    settings: Settings, template: str, language: str, status: int = 200, **told: Any
) -> Response[str]:
    """One page in one language."""
    words = Words(language)
    empty = {"error": None, "field": "", "switch": None, "library": ""}
    empty["other_tag"] = TAGS[words.other_language]
    text = JINJA.get_template(template).render(
        empty | told, words=words, style=f"{settings.address}{STYLE}"
    )
    return Response(
        text,
        status_code=status,
        media_type="text/html",
        headers=guarded(settings, language),
    )


def place(settings: Settings, attempt: Attempt) -> str:
    """Where the forms of *attempt* go."""
    return f"{settings.realm(attempt.realm)}/login-actions/authenticate?session_code={attempt.code}"


async def library(house: House, attempt: Attempt) -> dict[str, str]:
    """The library whose page sent the browser here, if it is one of ours, and the way back."""
    code = attempt.asked.get("library", "")
    name = (await house.organizations.names([code], attempt.language)).get(code, "")
    site = urlsplit(attempt.asked["redirect_uri"])
    place = f"/b/{code}/" if name else "/"
    return {
        "library": name,
        "back": f"{site.scheme}://{site.netloc}{place}",
    }


async def step(house: House, attempt: Attempt, **told: Any) -> Response[str]:
    """The form that *attempt* has come to."""
    words, readers = Words(attempt.language), attempt.realm == "readers"
    action = place(house.settings, attempt)
    common: dict[str, Any] = {
        "readers": readers,
        "action": action,
        "switch": f"{action}&kc_locale={words.other_language}",
        **await library(house, attempt),
    }
    if attempt.account is None:
        form: dict[str, Any] = {"username": "", "homes": [], "field": "username"}
        form |= common | {"title": words[attempt.realm]} | told
        return page(house.settings, "log-in.html", attempt.language, **form)
    title = words.new_pin_title if readers else words.new_password_title
    form = {"field": "password-new", "title": title} | common | told
    return page(house.settings, "renew.html", attempt.language, **form)


def stop(settings: Settings, why: str, language: str, status: int = 400) -> Response[str]:
    """The end of a log-in that cannot go on: the browser is sent nowhere by itself."""
    words = Words(language)
    told = {"title": words.stop_title, "why": words[why], "back": f"{settings.returns[0]}/"}
    return page(settings, "stop.html", language, status, **told)
