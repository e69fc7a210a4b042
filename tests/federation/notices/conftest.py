"""A branch with a reader who has an e-mail address, and somebody who sends."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from lending import Bearer, enrol
from litestar import Litestar
from posting import PostOffice, Receiver, opened
from sqlalchemy import select, update

from pinakes.federation.notices import service
from pinakes.federation.notices.machine import Channel
from pinakes.federation.notices.models import Notice, NoticeDue
from pinakes.federation.notices.rendering import Renderer
from pinakes.federation.notices.sending import Courier
from pinakes.federation.notices.service import Telling
from pinakes.federation.notices.wording import Facts
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.mail import MailServer
from pinakes.tenants.readers.models import Reader

ADDRESS = "ming@example.org"


@dataclass
class Posting:
    """A branch, its reader, and the two ways to reach the reader."""

    database: Database
    here: Tenant
    reader: Bearer
    courier: Courier
    office: PostOffice
    receiver: Receiver

    async def tell(self, kind: str = "ready", about: UUID | None = None, **facts: Any) -> int:
        """How many notices are new."""
        told: dict[str, Any] = {
            "title": "红楼梦",
            "pickup": self.here.code,
            "until": 1_800_000_000,
        } | facts
        wish = Telling(
            kind=kind,
            about=about or uuid4(),
            occasion="1",
            person=self.reader.person,
            facts=Facts(**told),
        )
        async with unit_of_work(self.database.app, self.here.id) as session:
            return await service.tell(session, wish)

    async def round(self, channel: Channel = Channel.EMAIL) -> None:
        """Send whatever waits, now and not later."""
        async with public_work(self.database.carrier) as session:
            ours = update(NoticeDue).where(NoticeDue.tenant_id == self.here.id)
            await session.execute(ours.values(due_at=NoticeDue.created_at))
        while await self.courier.round(channel):
            pass

    async def rows(self) -> list[Notice]:
        async with unit_of_work(self.database.app, self.here.id) as session:
            return list(await session.scalars(select(Notice).order_by(Notice.id)))

    async def stands(self) -> list[tuple[str, str | None]]:
        """Where each notice stands, and why."""
        return [(row.state.value, row.reason) for row in await self.rows()]

    def without_server(self) -> "Posting":
        return replace(self, courier=replace(self.courier, server=None))


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with opened(PostOffice()) as office:
        yield office


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with opened(Receiver()) as receiver:
        yield receiver


@pytest.fixture
async def reached(database: Database) -> Callable[[Tenant], Any]:
    """Makes readers with an address."""

    async def make(home: Tenant, contact: str = f"138 0000 0000; {ADDRESS}") -> Bearer:
        reader = await enrol(database, home)
        async with unit_of_work(database.app, home.id) as session:
            mine = update(Reader).where(Reader.person_id == reader.person)
            await session.execute(mine.values(contact=contact))
        return reader

    return make


@pytest.fixture
async def posting(
    app: Litestar,
    database: Database,
    tenant: Tenant,
    office: PostOffice,
    receiver: Receiver,
    reached: Callable[[Tenant], Any],
) -> Posting:
    server = MailServer("127.0.0.1", office.port, "none", "", "", "library@example.net")
    render = Renderer(app.state.directory, "http://pinakes.test")
    courier = Courier(database, render, server, inside=True)
    return Posting(database, tenant, await reached(tenant), courier, office, receiver)
