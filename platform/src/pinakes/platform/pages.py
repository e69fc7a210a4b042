"""Pages for people: one frame, two languages, well without scripts, nothing from elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from litestar import Controller, MediaType, Request, Response, get
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from pinakes.platform import http, show
from pinakes.platform.directory import Directory, NoSuchTenant, Tenant
from pinakes.platform.errors import NotFound
from pinakes.platform.feature import Feature
from pinakes.platform.identity import ANYONE, Principal
from pinakes.platform.language import LANGUAGES, TAGS, _, either, says, speaking, understood

type Asked = Request[Any, Any, Any]

SIZES = ("normal", "large")
CHOICES = {"lang": LANGUAGES, "size": SIZES}  # what a link may change for good
A_YEAR = 365 * 24 * 3600
TEMPLATES = files("pinakes.platform").joinpath("templates")
STATICS = {
    name: TEMPLATES.joinpath(name).read_text("utf-8") for name in ("style.css", "suggest.js")
}
KINDS = {"css": MediaType.CSS, "js": "text/javascript"}


def environment(features: Sequence[Feature]) -> Environment:
    """Each feature's templates under its own name, the floor's under ``platform``."""
    packages = {feature.name: feature.templates for feature in features if feature.templates}
    loaders = {name: PackageLoader(package) for name, package in packages.items()}
    made: Any = Environment(
        loader=PrefixLoader({"platform": PackageLoader("pinakes.platform"), **loaders}),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(_, either, newstyle=True)
    links = [name for name in made.list_templates() if name.endswith("/links.html")]
    made.globals |= {"links": links, "static": static, "says": says}
    made.filters |= show.FILTERS
    finished: Environment = made
    return finished


def page(
    request: Asked,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] = {},
    **shown: Any,
) -> Response[str]:
    """*template* filled with what is *shown*, in the reader's language."""
    frame = framed(request)
    with speaking(frame["language"]):
        body: str = templates(request).get_template(template).render(**frame, **shown)
    return Response(
        body,
        status_code=status,
        media_type=MediaType.HTML,
        headers={**guarded(request, frame["asker"]), **headers},
        cookies=remembered(request),
    )


def templates(request: Asked) -> Environment:
    """All templates of the application that is asked."""
    made: Environment = request.app.state.templates
    return made


def framed(request: Asked) -> dict[str, Any]:
    """What the frame of every page needs to know."""
    language = choice(request, "lang") or understood(request.headers.get("accept-language", ""))
    return {
        "language": language,
        "tag": TAGS[language],
        "large": choice(request, "size") == "large",
        "here": here(request),
        "asker": request.scope["state"].get("asker", ANYONE),
        "root": root(request),
        "address": address(request),
        "door": door(request),
        "path": place(request),
    }


def root(request: Asked) -> str:
    """What the addresses of this branch's pages begin with."""
    branch = request.path_params.get("branch")
    return f"/b/{branch}" if branch else ""


def here(request: Asked) -> Tenant | None:
    """The branch whose page this is, if it is one's."""
    directory: Directory = request.app.state.directory
    branch = request.path_params.get("branch")
    if branch is None:
        return directory.at_host(request.headers.get("host", ""))
    try:
        return directory.coded(branch)
    except NoSuchTenant:
        return None


def choice(request: Asked, name: str) -> str | None:
    """What the reader chose, now or on an earlier page."""
    asked = (request.query_params.get(name), request.cookies.get(name))
    return next((value for value in asked if value in CHOICES[name]), None)


def remembered(request: Asked) -> list[Cookie]:
    """Cookies that keep the choices of this request."""
    return [
        Cookie(key=name, value=request.query_params[name], path="/", max_age=A_YEAR, samesite="lax")
        for name, values in CHOICES.items()
        if request.query_params.get(name) in values
    ]


def place(request: Asked) -> str:
    """The path of this page; browsers take what begins with two slashes for another site."""
    path: str = request.scope["path"]
    return "/" + path.lstrip("/\\")


def address(request: Asked) -> Callable[..., str]:
    """A maker of links to this page with some of its query changed (None drops a part)."""
    present = [(k, v) for k, v in request.query_params.multi_items() if k not in CHOICES]

    def changed(**changes: str | int | None) -> str:
        kept = [(name, value) for name, value in present if name not in changes]
        new = [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{place(request)}?{urlencode(kept + new)}".rstrip("?")

    return changed


def door(request: Asked) -> Callable[[str], str]:
    """A maker of links to the log-in of readers or staff, and from there back to this page."""
    back = address(request)() if request.method == "GET" else f"{root(request)}/"

    def login(whose: str) -> str:
        return f"/login?{urlencode({'as': whose, 'next': back})}"

    return login


def guarded(request: Asked, asker: Principal) -> dict[str, str]:
    """Headers that keep a page alone with its reader."""
    issuer = request.app.state.settings.issuer
    return {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; "
            f"form-action 'self' {issuer}; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "private, no-cache" if asker is ANYONE else "no-store",
        "Vary": "Accept-Language, Cookie",
    }


def tell(request: Asked, error: Exception) -> Response[Any]:
    """Answer people with a page and programs with a problem document."""
    answer = http.tell(request, error)
    if not for_people(request):
        return answer
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        wanted = request.scope["state"].get("wanted", "reader")
        return Redirect(door(request)(wanted), status_code=303)
    return page(
        request,
        "platform/problem.html",
        status=int(answer.status_code or 500),
        headers={name: str(value) for name, value in answer.headers.items()},
        problem=answer.content,
    )


def for_people(request: Asked) -> bool:
    """Whether the answer will be read in a browser."""
    asked = "text/html" in request.headers.get("accept", "")
    return asked and not request.scope["path"].startswith(("/v1/", "/schema"))


def static(name: str) -> str:
    """The address of one of our own files; it changes whenever the file does."""
    return f"/static/{name}?v={sha256(STATICS[name].encode()).hexdigest()[:12]}"


class Statics(Controller):
    """The style sheet, and the script that pages are well without."""

    include_in_schema = False

    @get("/static/{name:str}")
    async def file(self, name: FromPath[str]) -> Response[str]:
        """One of our own files, to be kept for ever."""
        if name not in STATICS:
            raise NotFound("There is no such file.")
        return Response(
            STATICS[name],
            media_type=KINDS[name.rpartition(".")[2]],
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "X-Content-Type-Options": "nosniff",
            },
        )
