"""Notices over HTTP: what became of them, a branch's words and webhook, a reader's choice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices import hooks, service
from pinakes.federation.notices.machine import Action, State
from pinakes.federation.notices.models import Notice
from pinakes.federation.notices.rendering import Renderer
from pinakes.federation.notices.schemas import (
    HookMade,
    HookView,
    Letter,
    NewHook,
    NoticeView,
    Preview,
    WholeNotice,
)
from pinakes.federation.notices.service import Choice
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.identity import Principal
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once
from pinakes.tenants.readers import me
from pinakes.tenants.readers.service import of_person
from pinakes.tenants.readers.standing import ReaderUnknown

Call = Request[Any, Any, Any]


async def renderer(request: Call) -> Renderer:
    """Who puts notices into words."""
    state = request.app.state
    return Renderer(state.directory, state.settings.address)


Rendering = NamedDependency[Renderer]


class Notices(Controller):
    path = "/notices"
    tags = ("notices",)
    dependencies = {"render": Provide(renderer)}

    @get()
    async def list(
        self,
        session: Session,
        stands: FromQuery[State | None] = None,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[NoticeView]:
        """Notices to this branch's readers, newest first: all, or those in one state."""
        rows = service.listed([stands] if stands else [])
        return await newest(session, rows, Notice.id, NoticeView.of, after=after, limit=limit)

    @get("/{id:uuid}")
    async def show(self, id: FromPath[UUID], session: Session, render: Rendering) -> WholeNotice:
        """One notice, in its words."""
        row = await service.found(session, id)
        language, words = await render.render(session, row)
        return WholeNotice(NoticeView.of(row), language, words.subject, words.body)

    @post("/{id:uuid}/retry", status_code=200)
    @once
    async def retry(self, id: FromPath[UUID], session: Session) -> NoticeView:
        """Send it (again): of an unsure one the reader may have had it before."""
        return NoticeView.of(await service.act(session, id, Action.RETRY))

    @post("/{id:uuid}/dismiss", status_code=200)
    @once
    async def dismiss(self, id: FromPath[UUID], session: Session) -> NoticeView:
        """Have done with it."""
        return NoticeView.of(await service.act(session, id, Action.DISMISS))

    @post("/preview", status_code=200)
    async def preview(
        self, data: JSONBody[Preview], session: Session, here: Here, render: Rendering
    ) -> Letter:
        """What a reader would get, with sample titles; words are decided as `notice.KIND`."""
        words = await render.preview(session, here, data.kind, data.language, data.wording)
        return Letter(words.subject, words.body)


class NoticeHook(Controller):
    path = "/notice-hook"
    tags = ("notices",)

    @get()
    async def show(self, session: Session) -> HookView:
        """Where notices are sent, too."""
        hook = await hooks.hook_of(session)
        if hook is None:
            raise hooks.HookUnknown("PUT an address to have one.")
        return HookView(hook.address, hook.created_at)

    @put()
    async def decide(self, data: JSONBody[NewHook], session: Session, request: Call) -> HookMade:
        """Send notices there from now on; the secret is new each time, and told this once."""
        settings: Settings = request.app.state.settings
        hook = await hooks.decide(session, data.address, inside=settings.hooks_inside)
        return HookMade(hook.address, hook.created_at, hook.secret)

    @delete()
    async def forget(self, session: Session) -> None:
        """Send nothing there any longer."""
        await hooks.forget(session)


class MyNotices(Controller):
    path = "/me/notices"
    tags = ("notices",)

    @get()
    async def show(self, request: Call, asker: Asker, database: Data) -> Choice:
        """Whether I am sent notices, and in which language."""
        async with at_home(request, asker, database) as (session, person):
            return await service.choice_of(session, person)

    @put()
    async def choose(
        self, data: JSONBody[Choice], request: Call, asker: Asker, database: Data
    ) -> Choice:
        """Choose otherwise; it counts for what waits already."""
        async with at_home(request, asker, database) as (session, person):
            await service.choose(session, person, data)
        return data


@asynccontextmanager
async def at_home(
    request: Call, asker: Principal, database: Database
) -> AsyncGenerator[tuple[AsyncSession, UUID]]:
    """A transaction at the home of the reader who asks."""
    directory: Directory = request.app.state.directory
    person = me.person(asker)
    home = directory.coded(asker.home or "")
    async with unit_of_work(database.app, home.id, asker) as session:
        if await of_person(session, person) is None:
            raise ReaderUnknown("Your home does not know you.")
        yield session, person
