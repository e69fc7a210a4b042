"""A branch with a reader who has an e-mail address, and somebody who sends."""

from collections.abc import AsyncIterator

import pytest
from federation.lending.conftest import borrowing, items_move_by_their_table
from lending import enrol
from litestar import Litestar
from posting import Posting, PostOffice, Receiver, opened, reach
from sqlalchemy import delete

from pinakes.federation.notices.models import NoticeDue
from pinakes.federation.notices.rendering import Renderer
from pinakes.federation.notices.sending import Courier
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Tenant
from pinakes.platform.mail import MailServer

__all__ = ["borrowing", "items_move_by_their_table"]


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with opened(PostOffice()) as office:
        yield office


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with opened(Receiver()) as receiver:
        yield receiver


@pytest.fixture
async def posting(
    app: Litestar, database: Database, tenant: Tenant, office: PostOffice, receiver: Receiver
) -> Posting:
    server = MailServer("127.0.0.1", office.port, "none", "", "", "library@example.net")
    render = Renderer(app.state.directory, "http://pinakes.test")
    courier = Courier(database, render, server, inside=True)
    async with public_work(database.carrier) as session:
        await session.execute(delete(NoticeDue))  # what other tests have left
    reader = await enrol(database, tenant)
    await reach(database, reader)
    return Posting(database, tenant, reader, courier, office, receiver)
