"""The web application, put together by hand and in plain sight."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.identity import sessions
from pinakes.federation.identity.sessions import Sessions
from pinakes.main import health
from pinakes.main.arrival import hosted, numbered
from pinakes.main.description import OPENAPI, tell_of_problems
from pinakes.main.door import Door, NoBranch, Rights, found_asker, refuse_unlisted
from pinakes.main.features import FEATURES
from pinakes.main.graph import build
from pinakes.main.problems import ErrorPages, Errors
from pinakes.main.rights import RIGHTS
from pinakes.platform import graphql, pages
from pinakes.platform.carrier import Listeners
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, parting_work, unit_of_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.feature import Feature, listeners_of
from pinakes.platform.fresh import kept_fresh
from pinakes.platform.http import PARTING, Asker, Here
from pinakes.platform.login import Accounts, Verifier
from pinakes.platform.objects import objects_of
from pinakes.platform.telemetry import telling, traced
from pinakes.platform.wake import Waker
from pinakes.tenants.staff.revocations import Revocations


class Parts:
    """What all requests of one process share."""

    database: Database

    def __init__(self, settings: Settings, rights: Rights, listeners: Listeners) -> None:
        self.settings = settings
        self.directory = Directory()
        self.revocations = Revocations()
        self.verifier = Verifier(settings.issuer, self.revocations.of)
        self.sessions = Sessions(settings, self.verifier)
        self.door = Door(self.directory, self.verifier, self.sessions, rights)
        self.waker = Waker(settings.database.get_secret_value())
        self.state = State(
            {
                "settings": settings,
                "objects": objects_of(settings),
                "directory": self.directory,
                "verifier": self.verifier,
                "revocations": self.revocations,
                "sessions": self.sessions,
                "waker": self.waker,
                "listeners": listeners,
            }
        )

    @asynccontextmanager
    async def open(self, app: Litestar) -> AsyncGenerator[None]:
        """Connect when the application starts, let go when it stops."""
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database.open(self.settings))
            self.database = app.state.database = database
            stack.enter_context(telling(self.settings.telemetry, database.app, database.public))
            secret = self.settings.issuer_secret.get_secret_value()
            accounts = Accounts(self.settings.issuer, secret)
            app.state.accounts = await stack.enter_async_context(accounts)
            await stack.enter_async_context(kept_fresh(self.directory, database.app))
            await stack.enter_async_context(kept_fresh(self.revocations, database.app))
            await stack.enter_async_context(self.waker.running())
            yield

    async def here(self, request: Request[Any, Any, Any]) -> Tenant:
        """The branch that the request is about, or NoBranch."""
        found = self.door.here(request)
        if found is None:
            raise NoBranch("Say which branch: /v1/b/CODE/…, or call the branch's own host.")
        return found

    async def data(self) -> Database:
        return self.database

    async def session(
        self, request: Request[Any, Any, Any], here: Here, asker: Asker
    ) -> AsyncIterator[AsyncSession]:
        """One transaction in one tenant; the worker is woken when it told somebody something."""
        work = parting_work if PARTING in request.route_handler.opt else unit_of_work
        async with work(self.database.app, here.id, asker) as session:
            yield session
        if "told" in session.info:
            self.waker.wake()


def create_app(
    settings: Settings, features: Sequence[Feature] = FEATURES, rights: Rights = RIGHTS
) -> Litestar:
    """Build the application from the features it is given."""
    parts = Parts(settings, rights, listeners_of(features))
    parts.state.templates = pages.environment(features)
    app = Litestar(
        route_handlers=addresses(features, parts),
        dependencies={
            "asker": Provide(found_asker, sync_to_thread=False),
            "here": Provide(parts.here),
            "session": Provide(parts.session),
            "database": Provide(parts.data),
        },
        guards=[parts.door.guard],
        exception_handlers={Exception: pages.tell},
        before_send=[sessions.answer],
        lifespan=[parts.open],
        logging_config=None,  # ours is set up in asgi.py
        state=parts.state,
        openapi_config=OPENAPI,
    )
    refuse_unlisted(app, rights)
    tell_of_problems(app)
    return app


def addresses(features: Sequence[Feature], parts: Parts) -> list[ControllerRouterHandler]:
    """What is found where: a branch's routes and pages, the consortium's, and the house's own."""
    return [
        Router(
            "/v1/b/{branch:str}",
            route_handlers=[
                *(route for feature in features for route in feature.routes),
                graphql.endpoint(build(features)),
            ],
        ),
        Router("/v1", route_handlers=[Errors, *(r for one in features for r in one.common)]),
        Router(
            "/b/{branch:str}",
            route_handlers=[page for feature in features for page in feature.pages],
            include_in_schema=False,
        ),
        *(page for feature in features for page in feature.entrance),
        ErrorPages,
        health.live,
        health.readiness({"database": lambda: health.ask_database(parts.database)}),
    ]


def dress(app: Litestar) -> Any:
    """What stands before the application: request ids, branches' own hosts, traces."""
    settings: Settings = app.state.settings
    dressed = numbered(hosted(app, app.state.directory))
    return traced(dressed) if settings.telemetry else dressed
