"""The description of the API (OpenAPI): the same problems at every door, tokens as bearers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from msgspec import Struct

from pinakes.main.door import operation_id

ANYWHERE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class ProblemDocument(Struct):
    """Why it could not be done (RFC 9457). ``code`` is stable: see /errors."""

    type: str
    code: str
    title: str
    status: int
    detail: str
    request: str | None = None
    errors: list[dict[str, Any]] | None = None


PROBLEMS: Mapping[int, ResponseSpec] = {
    int(status): ResponseSpec(
        data_container=ProblemDocument,
        description=status.phrase,
        generate_examples=False,
        media_type="application/problem+json",
    )
    for status in ANYWHERE
}

OPENAPI = OpenAPIConfig(
    title="Pinakes",
    version="1",
    path="/schema",
    operation_id_creator=operation_id,
    render_plugins=[JsonRenderPlugin()],
    components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
    security=[{}, {"token": []}],
)


def tell_of_problems(app: Litestar) -> None:
    """Let every operation's description name the problems it may answer with."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                handler.responses = {**PROBLEMS, **(handler.responses or {})}
