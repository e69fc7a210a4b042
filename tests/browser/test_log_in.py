"""A person logs in with a real browser: without scripts, and barred by nothing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from browsing import LOCALES, SIZES
from issuing import BACK, CHALLENGE, Issuer, card
from playwright.async_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.anyio

ASKED = {
    "client_id": "pinakes-web",
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "openid",
    "state": "a state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
PIN = "482915"


@pytest.fixture
async def number(issuer: Issuer) -> str:
    """A card with a first PIN, which two libraries have given out."""
    number = card()
    async with issuer.accounts() as accounts:
        for home in ("vik", "hope"):
            await accounts.ensure_reader(number, uuid4(), home, "111111")
    return number


@asynccontextmanager
async def visiting(browser: Browser, language: str = "en", **how: object) -> AsyncGenerator[Page]:
    context: BrowserContext = await browser.new_context(
        locale=LOCALES[language],
        **how,  # type: ignore[arg-type]
    )
    yield await context.new_page()
    await context.close()


async def send(page: Page, **typed: str) -> None:
    """Type, and wait for the answer."""
    for field, word in typed.items():
        await page.locator(f"#{field}").fill(word)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def faults(page: Page) -> str:
    axe: Any = Axe()
    result = await axe.run(page)
    return str(result.generate_report()) if result.violations_count else ""


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("size", SIZES)
async def test_every_step_of_a_log_in_is_readable_for_everybody(
    browser: Browser, issuer: Issuer, number: str, language: str, size: str
) -> None:
    width, height = SIZES[size]
    place = f"{issuer.url('readers', 'auth')}?{urlencode(ASKED)}"
    async with visiting(browser, language, viewport={"width": width, "height": height}) as page:
        await page.goto(place)
        assert not await faults(page)
        await send(page, username="nobody", password="000000")
        assert not await faults(page)
        await send(page, username=number, password="111111")
        await page.locator("#home").select_option("vik")
        assert not await faults(page)
        await send(page, password="111111")
        assert await page.locator("#password-new").is_visible()
        assert not await faults(page)
        await page.goto(issuer.url("readers", "auth"))
        assert not await faults(page)


async def test_a_browser_without_scripts_is_sent_back_with_a_code(
    browser: Browser, issuer: Issuer, number: str
) -> None:
    async with visiting(browser, java_script_enabled=False) as page:
        await page.goto(f"{issuer.url('readers', 'auth')}?{urlencode(ASKED)}")
        await send(page, username=f"{number}@hope", password="111111")
        await page.locator("#password-new").fill(PIN)
        await page.locator("#password-confirm").fill(PIN)
        async with page.expect_event("requestfailed") as gone:
            await page.keyboard.press("Enter")
        back = await gone.value
    assert back.url.startswith(f"{BACK}?code=")
    assert back.failure == "net::ERR_CONNECTION_REFUSED"  # our own policy would have blocked it
