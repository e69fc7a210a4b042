"""People who look at our pages with a browser, and what they find there."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import axe_playwright_python.async_playwright as axe
from lending import Bearer
from mint import Mint
from playwright.async_api import Browser, BrowserContext, Page

from pinakes.federation.identity.sessions import NAME, Session, Sessions
from pinakes.platform.directory import Tenant

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


@dataclass(frozen=True)
class Scene:
    """A branch, and a reader of its neighbour who has borrowed from both."""

    branch: Tenant
    home: Tenant
    reader: Bearer
    shelf: list[str]  # barcodes that nobody has borrowed yet
    record: str  # the address of a title's page
    job: UUID  # an import, with what it set aside
    piece: UUID
    undo: UUID  # of that import
    own: UUID  # a record of the branch


@dataclass(frozen=True)
class Visitor:
    """Opens browsers for people, logged in or not."""

    browser: Browser
    address: str
    sessions: Sessions
    mint: Mint

    @asynccontextmanager
    async def at(
        self, who: str, scene: Scene, *, language: str = "en", size: str = "desktop", **more: Any
    ) -> AsyncGenerator[BrowserContext]:
        """A browser of *who*: nobody, reader, desk or cataloguer."""
        width, height = SIZES[size]
        context = await self.browser.new_context(
            base_url=self.address,
            locale=LOCALES[language],
            viewport={"width": width, "height": height},
            **more,
        )
        if who != "nobody":
            value = self.sessions.sealed(self.session(who, scene))
            await context.add_cookies([{"name": NAME, "value": value, "url": self.address}])
        yield context
        await context.close()

    def session(self, who: str, scene: Scene) -> Session:
        """What the browser would hold after a log-in."""
        claims: dict[str, Any] = {"person": str(scene.reader.person), "home": scene.home.code}
        realm = "readers" if who == "reader" else "staff"
        if who in ("desk", "cataloguer"):
            claims = {"grants": [f"{who}@{scene.branch.code}"]}
        token = self.mint.token(realm, str(uuid4()), **claims)
        return Session(realm, token, "no refresh", time.time() + 300)


async def faults(page: Page) -> str:
    """What axe finds on the page: nothing, or its report."""
    judge: Any = axe.Axe()
    result = await judge.run(page)
    return str(result.generate_report()) if result.violations_count else ""
