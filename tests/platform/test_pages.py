"""Pages for people: their frame, their languages, their headers, and problems in words."""

import re
from html import unescape

import httpx
import pytest
from mint import Mint

from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

ZH = {"Accept": "text/html", "Accept-Language": "zh-TW,en;q=0.5"}
EN = {"Accept": "text/html", "Accept-Language": "fr, en-GB;q=0.8"}


@pytest.fixture
async def staff(mint: Mint, tenant: Tenant) -> dict[str, str]:
    return mint.staff(f"desk@{tenant.code}")


async def test_a_page_speaks_the_language_that_the_reader_likes_best(
    client: httpx.AsyncClient,
) -> None:
    zh, en = await client.get("/", headers=ZH), await client.get("/", headers=EN)
    assert '<html lang="zh-CN">' in zh.text
    assert '<html lang="en">' in en.text
    assert zh.headers["vary"] == "Accept-Language, Cookie"


async def test_a_choice_is_kept_and_nothing_else_is(client: httpx.AsyncClient) -> None:
    first = await client.get("/?lang=en&size=large&library=x", headers=ZH)
    assert '<html lang="en" class="large">' in first.text
    assert "lang=en" not in first.text.split("<main")[1]
    again = await client.get("/", headers=ZH)
    assert '<html lang="en" class="large">' in again.text
    bad = await client.get("/?lang=%22%3E%3Cscript%3E&size=9", headers=ZH)
    assert "set-cookie" not in bad.headers
    assert "<script>" not in bad.text


@pytest.mark.parametrize("path", ["/", "/nothing", "/v1/nothing"])
async def test_a_host_that_is_none_is_no_fault_of_ours(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={**EN, "Host": "a:b:c"})
    assert answer.status_code == (200 if path == "/" else 404)


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example", "/%5Cevil.example"])
async def test_no_link_leads_to_another_site(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(f"http://pinakes.test{path}", headers=EN)
    assert page.status_code == 404
    assert 'href="/evil.example' in page.text
    assert not re.search(r'href="(?:/[/\\]|https?:)', page.text)


async def test_a_page_lets_nothing_in_from_elsewhere(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/", headers=ZH)).headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "style-src 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_the_style_is_kept_for_ever_under_an_address_of_its_own(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/")
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    style = await client.get(address)
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]


@pytest.mark.parametrize("path", ["/nowhere", "/b/nobody/", "/b/nobody/desk", "/errors/nothing"])
async def test_a_problem_is_a_page_for_people_and_a_document_for_programs(
    client: httpx.AsyncClient, path: str
) -> None:
    zh, en = await client.get(path, headers=ZH), await client.get(path, headers=EN)
    assert zh.status_code == en.status_code == 404
    assert "您可以这样做" in zh.text
    assert "What you can do" in en.text
    program = await client.get(path)
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["code"] in zh.text


async def test_an_address_that_leads_nowhere_is_told_once_and_plainly(
    client: httpx.AsyncClient,
) -> None:
    problem = (await client.get("/v1/nothing")).json()
    assert (problem["status"], problem["code"]) == (404, "not_found")
    assert problem["title"] == "There is nothing at this address"
    assert problem["detail"] == "It may be mistyped, or what stood there is gone."
    page = await client.get("/nothing", headers=ZH)
    assert "<h1>此地址没有内容</h1>" in page.text
    assert "可能输错了网址" in page.text
    assert "mistyped" not in page.text  # a page says nothing in the other language
    wrong = (await client.delete("/v1/branches")).json()
    assert (wrong["code"], wrong["title"] != wrong["detail"]) == ("method_not_allowed", True)


@pytest.mark.parametrize("headers", [ZH, EN])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/b/nobody/"),
        ("GET", "/errors/nothing"),
        ("GET", "/callback?state=x&code=y"),
        ("GET", "/callback"),
        ("GET", "/login?next=https://evil.example"),
        ("GET", "/login?as=nobody"),
        ("PUT", "/"),
    ],
)
async def test_what_is_said_to_programs_stands_on_no_page(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    page = await client.request(method, path, headers=headers)
    assert 400 <= page.status_code < 500
    main = page.text.split("<main")[1].split("</main")[0]
    assert not re.search(r"GET |/v1/|`|Content-Type|API|Validation", main)
    assert re.search(r"<li>.*\w", main)  # what to do next


async def test_from_a_log_in_that_was_lost_a_link_leads_to_a_new_one(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/callback?state=x&code=y", headers=EN)
    assert "your browser must accept cookies" in page.text
    links = re.findall(r'href="(/login[^"]*)"', page.text)
    assert len(links) == 3  # at the top, for staff, and in the middle
    for link in links:
        assert (await client.get(unescape(link))).status_code == 303


async def test_the_api_answers_browsers_with_documents_too(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await client.get(f"/v1/b/{tenant.code}/loans", headers=ZH)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"scanned=%ff%fe", "application/x-www-form-urlencoded"),
        (b"\xff\xfe" * 10, "application/x-www-form-urlencoded"),
        (b"scanned=" + b"x" * 65, "application/x-www-form-urlencoded"),
        (b"a=1&" * 10_000, "application/x-www-form-urlencoded"),
        (b'{"scanned": [[[[]]]]}', "application/json"),
        (b"<xml/>", "text/xml"),
        (b"", ""),
    ],
)
async def test_a_broken_form_is_refused_in_words(
    client: httpx.AsyncClient, tenant: Tenant, staff: dict[str, str], body: bytes, kind: str
) -> None:
    headers = staff | EN | {"Content-Type": kind}
    answer = await client.post(f"/b/{tenant.code}/desk/return", content=body, headers=headers)
    assert 300 <= answer.status_code < 500
