"""A real browser before the real application, on real HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest
from browsing import ARGUMENTS, CHROMIUM, Scene, Visitor
from conftest import MakeTenant
from finding import STONE, hold, setting_aside, settle
from lending import desk_at, enrol
from litestar import Litestar
from mint import Mint
from playwright.async_api import Browser, async_playwright
from served import served
from sqlalchemy import select

from pinakes.main.app import dress
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work
from pinakes.tenants.catalogue.models import CatalogueRecord


@pytest.fixture(scope="session")
async def address(app: Litestar) -> AsyncIterator[str]:
    """Where the application answers."""
    async with served(app) as address:
        yield address


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def scene(
    make_tenant: MakeTenant, database: Database, mint: Mint, app: Litestar, settings: Settings
) -> Scene:
    """What the pages show."""
    hub = await make_tenant(kind="hub")
    branch, home = await make_tenant(hub), await make_tenant(hub)
    reader = await enrol(database, home)
    shelf = await hold(database, branch, STONE, copies=6)
    transport = httpx.ASGITransport(app=dress(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
        [other] = await hold(database, home, STONE)
        for place, barcode in ((branch, shelf.pop()), (home, other)):
            await desk_at(client, mint, place).lend(reader.card, barcode)
        await settle(database, settings.search)
        found = await client.get(f"/v1/b/{branch.code}/catalogue/search", params={"q": STONE.title})
    record = found.json()["items"][0]["id"]
    job, piece, undo = await setting_aside(database, branch)
    path = f"/b/{branch.code}/catalogue/{record}"
    async with unit_of_work(database.app, branch.id) as session:
        own = (await session.scalars(select(CatalogueRecord.id).limit(1))).one()
    return Scene(branch, home, reader, shelf, path, job, piece, undo, own)


@pytest.fixture
async def visitor(browser: Browser, address: str, app: Litestar, mint: Mint) -> Visitor:
    return Visitor(browser, address, app.state.sessions, mint)
