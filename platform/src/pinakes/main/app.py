"""The web application, put together by hand and in plain sight."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from pinakes.platform.login import Verifier
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.main import health
from pinakes.main.door import Door, NoBranch, found_asker, operation_id
from pinakes.main.features import FEATURES
from pinakes.main.graph import build
from pinakes.main.rights import RIGHTS
from pinakes.platform import graphql
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.feature import Feature
from pinakes.platform.http import Asker, Here, tell
from pinakes.platform.wake import Waker


def create_app(settings: Settings, features: Sequence[Feature] = FEATURES) -> Litestar:
    """Build the application from the features it is given."""
    directory, verifier = Directory(), Verifier(settings.issuer)
    door = Door(directory, verifier, RIGHTS)
    waker = Waker(settings.database.get_secret_value())
    state = State({"settings": settings, "directory": directory, "waker": waker})

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            app.state.database = await stack.enter_async_context(Database.open(settings))
            await stack.enter_async_context(directory.kept_fresh(app.state.database.app))
            await stack.enter_async_context(waker.running())
            yield

    async def here(request: Request[Any, Any, Any]) -> Tenant:
        found = door.here(request)
        if found is None:
            raise NoBranch("Say which branch: /v1/b/CODE/…, or call the branch's own host.")
        return found

    async def database() -> Database:
        found: Database = state_of.state.database
        return found

    async def session(here: Here, asker: Asker) -> AsyncIterator[AsyncSession]:
        database: Database = state_of.state.database
        async with unit_of_work(database.app, here.id, asker) as session:
            yield session
        if "told" in session.info:
            waker.wake()

    branch = [route for feature in features for route in feature.routes]
    branch_pages = [page for feature in features for page in feature.pages]
    graph = graphql.endpoint(build(features))
    state_of = Litestar(
        route_handlers=[
            Router("/v1/b/{branch:str}", route_handlers=[*branch, graph]),
            Router("/v1", route_handlers=[r for feature in features for r in feature.common]),
            Router("/b/{branch:str}", route_handlers=branch_pages, include_in_schema=False),
            *(page for feature in features for page in feature.entrance),
            health.live,
            health.readiness(
                {"database": lambda: health.database_probe(state_of.state.database)()}
            ),
        ],
        template_config=TemplateConfig(
            instance=JinjaTemplateEngine.from_environment(templates(features))
        ),
        dependencies={
            "asker": Provide(found_asker, sync_to_thread=False),
            "here": Provide(here),
            "session": Provide(session),
            "database": Provide(database),
        },
        guards=[door.guard],
        exception_handlers={Exception: tell},
        lifespan=[lifespan],
        state=state,
        openapi_config=OpenAPIConfig(
            title="Pinakes",
            version="1",
            path="/schema",
            operation_id_creator=operation_id,
            render_plugins=[JsonRenderPlugin()],
        ),
    )
    return state_of


def templates(features: Sequence[Feature]) -> Environment:
    """Each feature's templates under its own name, the floor's under ``platform``."""
    loaders = {"platform": PackageLoader("pinakes.platform")} | {
        feature.name: PackageLoader(feature.templates) for feature in features if feature.templates
    }
    return Environment(loader=PrefixLoader(loaders), autoescape=True, undefined=StrictUndefined)
