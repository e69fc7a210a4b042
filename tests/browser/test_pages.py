"""Every page, in both languages, on a phone and on a desk: readable, and barred to nobody."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from browsing import LOCALES, SIZES, Scene, Visitor, faults
from finding import STONE
from playwright.async_api import Page, expect

pytestmark = pytest.mark.anyio

PAGES = {
    "home": ("nobody", "/"),
    "no such library": ("nobody", "/?library=zzzz"),
    "branch": ("nobody", "/b/{branch}"),
    "results": ("nobody", "/b/{branch}/catalogue/search?q=石头记&form=book"),
    "results everywhere": ("reader", "/catalogue/search?q="),
    "no results": ("nobody", "/b/{branch}/catalogue/search?q=zzqqzz"),
    "libraries": ("nobody", "/b/{branch}/catalogue/search?q=石头记&more=true&available=true"),
    "nearly": ("nobody", "/b/{branch}/catalogue/search?q=石投记"),
    "record": ("nobody", "{record}"),
    "copies of a title": ("reader", "{record}/copies?library={branch}"),
    "our record": ("cataloguer", "{record}"),
    "not found": ("nobody", "/nowhere"),
    "no such branch": ("nobody", "/b/nobody-knows-it/"),
    "error codes": ("nobody", "/errors"),
    "one error code": ("nobody", "/errors/not_found"),
    "my loans": ("reader", "/me/loans"),
    "my cards": ("reader", "/me/cards"),
    "not for readers": ("reader", "/b/{branch}/desk"),
    "desk": ("desk", "/b/{branch}/desk"),
    "desk, return": ("desk", "/b/{branch}/desk/return"),
    "imports": ("cataloguer", "/b/{branch}/cataloguing/"),
    "import report": ("cataloguer", "/b/{branch}/cataloguing/imports/{job}"),
    "copies": ("cataloguer", "/b/{branch}/cataloguing/imports/{job}/items"),
    "what stayed": ("cataloguer", "/b/{branch}/cataloguing/undos/{undo}"),
    "set aside": ("cataloguer", "/b/{branch}/cataloguing/imports/{job}/quarantine"),
    "mend a record": ("cataloguer", "/b/{branch}/cataloguing/pieces/{piece}?encoding=koi8-r"),
    "our records": ("cataloguer", "/b/{branch}/cataloguing/records?number=zz"),
    "a record of ours": ("cataloguer", "/b/{branch}/cataloguing/records/{own}"),
    "reported mistakes": ("cataloguer", "/b/{branch}/cataloguing/mistakes"),
    "their record": ("reader", "{record}"),
    "asking for what is not found": ("reader", "/b/{home}/me/requests/new?title=石头记"),
    "asking for a reader": ("desk", "/b/{branch}/lending/ask?title=石头记"),
    "the desk's record": ("desk", "{record}"),
    "possible duplicates": ("cataloguer", "/b/{branch}/cataloguing/duplicates"),
}
TONGUES = {"zh": "zh-CN", "en": "en"}
SCHEMES: dict[str, Literal["light", "dark"]] = {"phone": "dark", "desktop": "light"}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """() => [...document.querySelectorAll("input[placeholder]")].filter(field => {
    const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return pen.measureText(field.placeholder).width > room;
}).map(field => field.placeholder)"""

every_page = pytest.mark.parametrize("name", PAGES)
every_language = pytest.mark.parametrize("language", LOCALES)
every_size = pytest.mark.parametrize("size", SIZES)


@dataclass
class Opened:
    """A page, whom it asked for something, and what the browser had to complain of."""

    page: Page
    asked: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])


@asynccontextmanager
async def opened(visitor: Visitor, scene: Scene, name: str, **how: Any) -> AsyncGenerator[Opened]:
    """One of PAGES in a browser."""
    who, path = PAGES[name]
    async with visitor.at(who, scene, **how) as context:
        seen = Opened(await context.new_page())
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.on("console", lambda message: seen.said.append(message.text))
        names = ("record", "job", "piece", "undo", "own")
        places = {name: getattr(scene, name) for name in names}
        branches = {"branch": scene.branch.code, "home": scene.home.code}
        await seen.page.goto(path.format(**branches, **places))
        yield seen


@every_page
@every_language
@every_size
async def test_a_page_is_readable_for_everybody(
    visitor: Visitor, scene: Scene, name: str, language: str, size: str
) -> None:
    how = {"language": language, "size": size, "color_scheme": SCHEMES[size]}
    async with opened(visitor, scene, name, **how) as seen:
        assert await seen.page.get_attribute("html", "lang") == TONGUES[language]
        assert await seen.page.evaluate(WIDER) <= 0
        assert await seen.page.evaluate(CUT) == []
        assert await faults(seen.page) == ""
        assert all(url.startswith((visitor.address, "data:")) for url in seen.asked)
        assert [text for text in seen.said if "status of" not in text] == []  # such as 404


@every_page
async def test_twice_the_text_size_loses_nothing(visitor: Visitor, scene: Scene, name: str) -> None:
    async with opened(visitor, scene, name, language="zh") as seen:
        await seen.page.set_viewport_size({"width": 640, "height": 400})  # 1280 at 200 %
        await seen.page.click("text=放大文字")
        assert await seen.page.get_attribute("html", "class") == "large"
        assert await seen.page.evaluate(WIDER) <= 0


async def test_the_language_stays_as_it_was_chosen(visitor: Visitor, scene: Scene) -> None:
    async with opened(visitor, scene, "home", language="en") as seen:
        await seen.page.click("text=中文")
        await expect(seen.page.locator("html")).to_have_attribute("lang", "zh-CN")
        await seen.page.goto(f"/b/{scene.branch.code}")
        await expect(seen.page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_a_book_is_found_with_the_keyboard_alone(visitor: Visitor, scene: Scene) -> None:
    async with opened(visitor, scene, "branch", java_script_enabled=False) as seen:
        page = seen.page
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.locator("input[name=q]").focus()
        await page.keyboard.type("shitouji")
        await page.keyboard.press("Enter")
        await page.locator(".hits a").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("石头记")


async def test_what_somebody_types_is_gone_on_with(visitor: Visitor, scene: Scene) -> None:
    async with opened(visitor, scene, "branch", language="zh", size="phone") as seen:
        page, offered = seen.page, seen.page.locator("[role=option]")
        await page.locator("input[name=q]").press_sequentially("shitou")
        await expect(offered.first).to_have_text(STONE.title)
        assert await faults(page) == ""
        await page.keyboard.press("Escape")
        await expect(offered).to_have_count(0)
        await page.keyboard.type("j")
        await expect(offered.first).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await expect(offered.first).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Enter")
        await expect(page.locator("input[name=q]")).to_have_value(STONE.title)
        await expect(page.locator(".hits a").first).to_be_visible()


async def test_the_judge_finds_a_planted_fault(visitor: Visitor, scene: Scene) -> None:
    async with visitor.at("nobody", scene) as context:
        page = await context.new_page()
        await page.set_content('<html><body><img src="data:,"><p style="color:#999">x</p>')
        assert "image-alt" in await faults(page)
