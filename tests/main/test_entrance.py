"""The first pages: every library is found, and no link leads into a wall."""

import re
from html import unescape

import httpx
import pytest
from conftest import MakeTenant

from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html", "Accept-Language": "en"}
ELSEWHERE = ("/login", "#", "data:", "http")


def links(page: str) -> set[str]:
    found = {unescape(link) for link in re.findall(r'href="([^"]+)"', page)}
    return {link for link in found if not link.startswith(ELSEWHERE)}


@pytest.fixture
async def tree(make_tenant: MakeTenant) -> tuple[Tenant, Tenant, Tenant]:
    hub = await make_tenant(kind="hub")
    city = await make_tenant(hub, kind="city")
    return hub, city, await make_tenant(city)


async def test_a_library_is_found_by_its_name(
    client: httpx.AsyncClient, tree: tuple[Tenant, Tenant, Tenant]
) -> None:
    county = tree[2]
    page = await client.get("/", params={"library": county.code.upper()}, headers=HTML)
    assert f'href="/b/{county.code}"' in page.text
    none = await client.get("/", params={"library": "zzzz"}, headers=HTML)
    assert "No library has this name." in none.text


async def test_a_library_shows_where_it_stands(
    client: httpx.AsyncClient, tree: tuple[Tenant, Tenant, Tenant]
) -> None:
    hub, city, county = tree
    page = (await client.get(f"/b/{city.code}", headers=HTML)).text
    assert {f"/b/{hub.code}", f"/b/{county.code}"} <= links(page)


async def test_a_closed_library_says_so_and_is_offered_to_nobody(
    client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    closed = await make_tenant(state="suspended")
    page = await client.get(f"/b/{closed.code}", headers=HTML)
    assert "This library is closed at the moment." in page.text
    found = await client.get("/", params={"library": closed.code}, headers=HTML)
    assert "No library has this name." in found.text


async def test_no_link_leads_into_a_wall(
    client: httpx.AsyncClient, tree: tuple[Tenant, Tenant, Tenant]
) -> None:
    seen: set[str] = set()
    waiting = {"/", *(f"/b/{branch.code}" for branch in tree)}
    ours = tuple(f"/b/{branch.code}" for branch in tree)
    while waiting:
        link = waiting.pop()
        seen.add(link)
        answer = await client.get(link, headers=HTML, follow_redirects=True)
        assert answer.status_code == 200, link
        if answer.headers["content-type"].startswith("text/html"):
            near = {one for one in links(answer.text) if not one.startswith("/b/")}
            waiting |= (near | {one for one in links(answer.text) if one.startswith(ours)}) - seen
    assert len(seen) > 10
