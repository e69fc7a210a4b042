"""The first pages: every library is found, and no link leads into a wall."""

import re
from html import unescape
from urllib.parse import parse_qsl

import httpx
import pytest
from conftest import MakeTenant

from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html", "Accept-Language": "en"}
ID = r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/errors/)\w+"
ELSEWHERE = ("/login", "#", "data:", "http")


def links(page: str) -> set[str]:
    found = {unescape(link) for link in re.findall(r'href="([^"]+)"', page)}
    return {link for link in found if not link.startswith(ELSEWHERE)}


def kind(link: str) -> str:
    """The kind of page that *link* leads to: without ids, and without the values of its question.

    The facets of a search alone make more links than anybody could follow.
    """
    path, _, question = link.partition("?")
    return re.sub(ID, "ID", path) + "?" + "&".join(sorted({key for key, _ in parse_qsl(question)}))


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
    ours = tuple(f"/b/{branch.code}" for branch in tree)
    waiting, seen = ["/", *ours], set[str]()
    while waiting:
        link = waiting.pop()
        if kind(link) in seen:
            continue
        seen.add(kind(link))
        answer = await client.get(link, headers=HTML, follow_redirects=True)
        assert answer.status_code == 200, link
        if answer.headers["content-type"].startswith("text/html"):
            waiting += [
                one
                for one in links(answer.text)
                if one.startswith(ours) or not one.startswith("/b/")
            ]
    assert len(seen) > 10
