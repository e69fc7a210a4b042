"""What nobody should send over HTTP is refused with a code, and never with a fault of ours."""

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar
from mint import Mint
from served import served

from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

LOAN = b'{"card": "1", "barcode": "2"'
DEEP = 100_000
BODIES = {
    "invalid UTF-8": b'{"card": "\xff\xfe", "barcode": "2"}',
    "a lone surrogate": b'{"card": "\\ud800", "barcode": "2"}',
    "a null character": b'{"card": "\\u0000", "barcode": "2"}',
    "NaN": LOAN + b', "card_of": NaN}',
    "Infinity": LOAN + b', "card_of": -Infinity}',
    "the same key twice": LOAN + b', "card": "3"}',
    "brackets without end": b"[" * DEEP + b"]" * DEEP,
    "objects without end": b'{"card":' * DEEP,
    "a number without end": LOAN + b', "card_of": ' + b"9" * 5000 + b"}",
    "no JSON": b"card=1",
    "nothing": b"",
    "a tenant": LOAN + b', "tenant_id": 1}',
    "a role": LOAN + b', "role": "operator"}',
    "a due date": LOAN + b', "due_at": "2099-01-01T00:00:00Z"}',
    "a fine": LOAN + b', "fine": -100}',
}
PATHS = [
    "/v1/b/{code}/items/../../{other}/items",
    "/v1/b/{code}/items/%2e%2e%2f%2e%2e%2f{other}",
    "/v1/b/{code}/items/..%2f..%2fetc%2fpasswd",
    "/v1/b/{code}/items/%00",
    "/v1/b/{code}%00/items",
    "/v1/b/{code}%20/items",
    "/v1/b/%EF%BD%82ranch-1/items",  # a full-width b
    "/v1/b/br%D0%B0nch-1/items",  # a Cyrillic a
    "/v1/b/%ff%fe/items",
    "/v1/b/{code}/items/99999999999999999999999999",
    "/v1/b/{code}/items?limit=9223372036854775808",
    "/v1/b/{code}/items?limit=-1",
    "/v1/b/{code}/items?limit=NaN",
    "/v1/b/{code}/items?limit=1e3",
    "/v1/b/{code}/items?after=%00",
    "/v1/b/{code}/items?after=" + "A" * 5000,
    "/v1/b/{code}/catalogue/search?q=%00%ff&offset=99999999999999999999",
]


def desk(mint: Mint, tenant: Tenant) -> dict[str, str]:
    return mint.staff(f"desk@{tenant.code}")


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_is_refused(
    client: httpx.AsyncClient, tenant: Tenant, mint: Mint, name: str
) -> None:
    headers = desk(mint, tenant) | {"Content-Type": "application/json"}
    answer = await client.post(f"/v1/b/{tenant.code}/loans", content=BODIES[name], headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] != "refused"


@pytest.mark.parametrize("path", PATHS)
async def test_an_address_is_refused(
    client: httpx.AsyncClient, tenant: Tenant, neighbour: Tenant, mint: Mint, path: str
) -> None:
    address = path.format(code=tenant.code, other=neighbour.code)
    answer = await client.get(address, headers=desk(mint, tenant))
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"]


async def test_no_header_says_whose_branch_it_is(
    client: httpx.AsyncClient, tenant: Tenant, neighbour: Tenant, mint: Mint
) -> None:
    sly = {
        "X-Tenant": neighbour.code,
        "X-Tenant-Id": str(neighbour.id),
        "X-Forwarded-Host": f"{neighbour.code}.example",
        "X-Forwarded-Prefix": f"/v1/b/{neighbour.code}",
        "X-Original-URL": f"/v1/b/{neighbour.code}/items",
        "X-Rewrite-URL": f"/v1/b/{neighbour.code}/items",
        "X-HTTP-Method-Override": "DELETE",
        "Forwarded": f"host={neighbour.code}.example",
    }
    plain = await client.get("/", headers={"Accept": "text/html"})
    assert (await client.get("/", headers=sly | {"Accept": "text/html"})).text == plain.text
    own = await client.get(f"/v1/b/{tenant.code}/items", headers=desk(mint, tenant) | sly)
    assert (own.status_code, own.json()["items"]) == (200, [])
    foreign = await client.get(f"/v1/b/{neighbour.code}/items", headers=desk(mint, tenant) | sly)
    assert foreign.status_code == 403


@pytest.mark.parametrize(
    "wish",
    [
        {"Range": "bytes=0-0,-1," + "1-2," * 2000},
        {"Range": "bytes=99999999999999999999-"},
        {"If-Modified-Since": "yesterday"},
        {"If-None-Match": '"' + "x" * 4000},
        {"Accept-Language": "zh;q=" + "9" * 4000},
        {"Cookie": "lang=\x01; size=" + "x" * 4000},
        {"Accept": "text/html;q=x, */*;q=-1"},
        {"X-Request-Id": "a\tb"},
    ],
)
async def test_odd_wishes_are_passed_over(client: httpx.AsyncClient, wish: dict[str, str]) -> None:
    page = await client.get("/")
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    for path in ("/", style, "/v1/branches"):
        answer = await client.get(path, headers=wish)
        assert answer.status_code in {200, 304, 400, 416}, answer.text


SMUGGLED = b"GET /v1/branches HTTP/1.1\r\nHost: x\r\n\r\n"
ODD_REQUESTS = {
    "both lengths": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + SMUGGLED,
    "a hidden encoding": b"Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "a length that is none": b"Content-Length: +4\r\n\r\nabcd" + SMUGGLED,
    "a folded header": b"X: a\r\n Content-Length: 4\r\n\r\nabcd" + SMUGGLED,
    "a bare line feed": b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("name", ODD_REQUESTS)
async def test_a_request_hides_no_other(app: Litestar, name: str) -> None:
    async with served(app) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /v1/b/nobody/loans HTTP/1.1\r\nHost: x\r\n" + ODD_REQUESTS[name])
        answers = await all_of(reader)
        writer.close()
    assert b" 500 " not in answers
    assert b'"items"' not in answers  # nobody has answered what was hidden


async def test_a_request_that_is_cut_off_is_no_fault_of_ours(app: Litestar, tenant: Tenant) -> None:
    told: list[Any] = []
    path = f"/v1/b/{tenant.code}/graphql"
    scope: Any = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("x", 80),
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"9")],
    }  # fmt: skip

    async def cut() -> Any:
        return {"type": "http.disconnect"}

    async def note(message: Any) -> None:
        told.append(message)

    await app(scope, cut, note)
    assert told[0]["status"] == 400


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection is closed, or is silent for a while."""
    parts: list[Any] = []
    try:
        while part := await asyncio.wait_for(reader.read(65_536), 0.5):
            parts.append(part)
    except TimeoutError:
        pass
    return b"".join(parts)
