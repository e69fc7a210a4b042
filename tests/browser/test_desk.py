"""The desk with a keyboard alone, and with scripts switched off."""

from typing import Any

import pytest
from browsing import Scene, Visitor, faults
from playwright.async_api import Page, expect

pytestmark = pytest.mark.anyio


async def scan(page: Page, word: str) -> None:
    """What a scanner does: it types a word and Enter, into whatever has the focus."""
    await expect(page.locator("#scanned")).to_be_focused()
    await page.keyboard.type(word)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def key(page: Page, letter: str) -> None:
    """Alt and a letter that the page lists; Playwright's own press would leave out the letter."""
    keyboard: Any = await page.context.new_cdp_session(page)
    pressed = {"modifiers": 1, "key": letter, "text": letter, "unmodifiedText": letter}
    async with page.expect_navigation():
        await keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **pressed})


async def test_books_are_lent_and_taken_back_without_mouse_and_scripts(
    visitor: Visitor, scene: Scene
) -> None:
    first, second, *_ = scene.shelf
    async with visitor.at("desk", scene, java_script_enabled=False) as context:
        page = await context.new_page()
        await page.goto(f"/b/{scene.branch.code}/desk")
        await scan(page, scene.reader.card)
        await expect(page.locator("#who")).to_have_text("Visiting reader")
        await scan(page, first)
        await expect(page.locator(".due")).to_be_visible()
        await scan(page, second)
        await expect(page.locator(".onloan li")).to_have_count(3)
        await key(page, "u")
        await expect(page.locator(".onloan li")).to_have_count(2)
        await scan(page, "nothing-of-ours")
        await expect(page.get_by_role("alert")).to_contain_text("Scan again")
        await key(page, "r")
        await scan(page, first)
        await expect(page.locator(".due")).to_have_text("Back")
        await key(page, "l")
        await expect(page.locator("#who")).to_have_text("No reader yet")


async def test_the_next_reader_is_one_key_away(visitor: Visitor, scene: Scene) -> None:
    async with visitor.at("desk", scene, language="zh") as context:
        page = await context.new_page()
        await page.goto(f"/b/{scene.branch.code}/desk")
        await scan(page, scene.reader.card)
        await expect(page.locator("#who")).to_have_text("外馆读者")
        await key(page, "n")
        await expect(page.locator("#who")).to_have_text("尚无读者")
        await scan(page, scene.reader.card)
        await scan(page, "")
        await expect(page.locator("#who")).to_have_text("尚无读者")


async def test_a_lost_book_takes_one_look_and_one_press(visitor: Visitor, scene: Scene) -> None:
    async with visitor.at("desk", scene, language="zh", size="phone") as context:
        page = await context.new_page()
        await page.goto(f"/b/{scene.branch.code}/desk")
        await scan(page, scene.reader.card)
        await scan(page, scene.shelf[2])
        await expect(page.locator(".onloan li")).to_have_count(2)
        button = page.locator(".onloan button[value=lost]").last
        await expect(button).not_to_be_visible()
        await page.locator(".onloan summary").last.click()
        assert await faults(page) == ""
        async with page.expect_navigation():
            await button.click()
        await expect(page.locator(".due")).to_have_text("图书遗失")
        await expect(page.locator(".onloan li")).to_have_count(1)
