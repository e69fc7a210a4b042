"""Search and record as HTML: every filter in the address, one honest line per title."""

import re
from html import unescape
from json import loads
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import MakeTenant
from finding import STONE, hold, settle
from lending import enrol
from mint import Mint

from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant
from pinakes.tenants.catalogue.marc import Isbn, Title

pytestmark = pytest.mark.anyio


async def see(client: httpx.AsyncClient, path: str, **headers: str) -> str:
    told = {"Accept": "text/html", "Accept-Language": "en"} | headers
    answer = await client.get(path, headers=told, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def links(text: str, part: str) -> list[str]:
    """The addresses on a page that hold *part*."""
    return [unescape(link) for link in re.findall(r'href="([^"]+)"', text) if part in link]


@pytest.fixture
async def holders(
    make_tenant: MakeTenant, database: Database, settings: Settings
) -> tuple[Tenant, Tenant]:
    """A branch, and a neighbour of it that holds the same book twice."""
    hub = await make_tenant(kind="hub")
    branch, neighbour = await make_tenant(hub), await make_tenant(hub)
    await hold(database, branch, STONE)
    await hold(database, neighbour, STONE, copies=2)
    await settle(database, settings.search)
    return branch, neighbour


async def test_a_title_says_where_it_can_be_had(
    client: httpx.AsyncClient, holders: tuple[Tenant, Tenant]
) -> None:
    branch, neighbour = holders
    text = await see(client, f"/b/{branch.code}/catalogue/search?q=石头记")
    assert "Available at this library" in text
    everywhere = await see(client, "/catalogue/search?q=石头记")
    assert "libraries; one of them: " in everywhere  # nobody knows where the reader is
    [record] = {link for link in links(text, "/catalogue/") if "search" not in link}
    page = await see(client, record)
    nearest, next_one = page.index(f">{branch.code}</a></th>"), page.index(neighbour.code)
    assert nearest < next_one
    assert "2 of 2 available" in page
    assert re.search(r'href="/login\?as=reader[^"]+">Log in to request it</a>', page)
    for words in ("曹雪芹", "甲戌书局", "978-7-5325-0000-0", "章回小说", "I242.4/12", "Chinese"):
        assert words in page


async def test_every_filter_stands_in_the_address_and_can_be_taken_away(
    client: httpx.AsyncClient, holders: tuple[Tenant, Tenant]
) -> None:
    start = f"/b/{holders[0].code}/catalogue/search?q=石头记"
    text = await see(client, start)
    for name, value in (
        ("form", "book"),
        ("language", "chi"),
        ("class", "clc"),
        ("decade", "1990"),
    ):
        [narrower] = links(text, f"{name}={value}")
        narrowed = await see(client, narrower)
        assert "1 title" in narrowed
        assert 'aria-current="true"' in narrowed
        assert [link for link in links(narrowed, "q=") if name not in link]
    assert "Literature" in text
    assert "1990–1999" in text


async def test_libraries_and_availability_are_counted_when_asked_for(
    client: httpx.AsyncClient, holders: tuple[Tenant, Tenant]
) -> None:
    branch, neighbour = holders
    text = await see(client, f"/b/{branch.code}/catalogue/search?q=石头记")
    [more] = links(text, "more=true")
    text = await see(client, more)
    [there] = links(text, f"library={neighbour.code}")
    assert "1 title" in await see(client, there)
    [free] = links(text, "available=true")
    narrowed = await see(client, free)
    assert "1 title" in narrowed
    assert [link for link in links(narrowed, "q=") if "available" not in link]


async def test_a_slip_is_forgiven_and_said(
    client: httpx.AsyncClient, holders: tuple[Tenant, Tenant]
) -> None:
    text = await see(client, f"/b/{holders[0].code}/catalogue/search?q=石投记")
    assert "nearly the same" in text
    assert "石头记</a>" in text.split("Did you mean:")[1]


async def test_a_title_is_cited_and_read_by_machines(
    client: httpx.AsyncClient, holders: tuple[Tenant, Tenant]
) -> None:
    text = await see(client, f"/b/{holders[0].code}/catalogue/search?q=石头记")
    [record] = {link for link in links(text, "/catalogue/") if "search" not in link}
    page = await see(client, record)
    assert "曹雪芹. 石头记[M]. 甲戌书局, 1998." in page
    assert "曹雪芹 (1998). 石头记. 甲戌书局." in page
    [linked] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    told = loads(linked)
    assert (told["@type"], told["name"], told["isbn"]) == ("Book", "石头记", ["9787532500000"])


async def test_codes_are_told_in_words_and_numbers_that_are_wrong_are_marked(
    client: httpx.AsyncClient, make_tenant: MakeTenant, database: Database, settings: Settings
) -> None:
    branch = await make_tenant()
    odd = Title(
        title="暗码之书",
        specific="1:500万",
        isbn=(Isbn("7-02-000220-X", "9787020002207"), Isbn("7-02-000220-1")),
        issn_wrong=("0028-0837",),
        languages=("chi", "fre"),
        original="rus",
        carrier="microform",
        age="children",
    )
    await hold(database, branch, odd)
    await settle(database, settings.search)
    text = await see(client, f"/b/{branch.code}/catalogue/search?q=暗码之书")
    [record] = {link for link in links(text, "/catalogue/") if "search" not in link}
    page = await see(client, record)
    assert "<li>7-02-000220-X</li>" in page
    assert page.count('<span class="facts">not valid</span>') == 2
    for words in ("0028-0837", "1:500万", "Chinese", "French", "Russian", "Microform", "Children"):
        assert words in page


async def test_a_title_without_copies_names_the_library_that_keeps_its_record(
    client: httpx.AsyncClient, make_tenant: MakeTenant, database: Database, settings: Settings
) -> None:
    branch = await make_tenant()
    await hold(database, branch, Title(title="只有记录</script>"), copies=0)
    await settle(database, settings.search)
    text = await see(client, f"/b/{branch.code}/catalogue/search?q=只有记录")
    [record] = {link for link in links(text, "/catalogue/") if "search" not in link}
    page = await see(client, record)
    assert "The record is kept by:" in page
    assert page.count("</script>") == len(re.findall("<script[ >]", page))


async def test_no_hits_leave_no_dead_end(
    client: httpx.AsyncClient, holders: tuple[Tenant, Tenant]
) -> None:
    text = await see(client, f"/b/{holders[0].code}/catalogue/search?q=zzqqzz&form=book")
    assert "Nothing was found." in text
    assert links(text, "/catalogue/search?q=zzqqzz")


async def test_a_reader_without_a_branch_is_near_their_home(
    client: httpx.AsyncClient, mint: Mint, database: Database, holders: tuple[Tenant, Tenant]
) -> None:
    home = holders[1]
    reader = await enrol(database, home)
    asker = mint.reader(reader.person, home.code)
    text = await see(client, "/catalogue/search?q=石头记", **asker)
    assert f"nearest: {home.name_en}" in text


@pytest.mark.parametrize(
    "path",
    [
        "/catalogue/search?page=0",
        "/catalogue/search?page=99999999999999999999",
        "/catalogue/search?decade=1995",
        "/catalogue/search?decade=nan",
        f"/catalogue/search?q={'a' * 501}",
        "/catalogue/01890000-0000-7000-8000-000000000000",
        "/catalogue/not-an-id",
    ],
)
async def test_a_wrong_address_is_answered_in_words(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert answer.status_code in {400, 404}
    assert "您可以这样做" in answer.text


@pytest.mark.parametrize(
    "q", ["", '"', "title:", "\x00", "🐉", "a\u0301" * 40, "<script>x</script>"]
)
async def test_any_words_are_a_question(client: httpx.AsyncClient, q: str) -> None:
    answer = await client.get("/catalogue/search", params={"q": q})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert urlsplit(str(answer.url)).path == "/catalogue/search"
