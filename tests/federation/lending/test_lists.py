"""Lists of work go on where they stop, by page, command, API and graph; and tell all of a party."""

import asyncio
import re
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner
from commanding import beside
from lending import Desk, desk_at, rule
from mint import Mint
from request_desk import ENGLISH

from pinakes.federation.lending import pages, scanning
from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.schemas import Scan
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio


@pytest.fixture
async def three(borrowing: Borrowing) -> list[str]:
    """Three requests that the supplier has promised, the oldest first."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title, 3)
    first = await b.place(title)
    return [str(first), *[str(await b.place_again(title)) for _ in range(2)]]


async def test_a_list_goes_on_over_http_and_in_the_graph_the_longest_waiting_first(
    desks: dict[str, Desk], three: list[str]
) -> None:
    desk, after = desks["supplier"], ""
    for request in three:
        page = await desk.look(f"/worklists/pull?limit=1{after and f'&after={after}'}")
        assert [one["request"] for one in page["items"]] == [request]
        told = {"n": "pull", "a": after or None}
        query = "query($n: String!, $a: String) { worklist(name: $n, after: $a, limit: 1) %s }"
        asked = {"query": query % "{ items { request } next }", "variables": told}
        graph = (await desk.ask("/graphql", asked)).json()["data"]["worklist"]
        assert graph == {"items": [{"request": request}], "next": page["next"]}
        after = page["next"]
    assert after is None


async def test_a_list_goes_on_from_page_to_page_and_so_do_its_slips(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    three: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "FEW", 2)
    staff = mint.staff(f"desk@{borrowing.supplier.code}") | ENGLISH
    for path, linked in (("pull", "lending/requests/"), ("slips?of=pull", "<code>")):
        first = await client.get(f"/b/{borrowing.supplier.code}/lending/{path}", headers=staff)
        [more] = re.findall(r'<p class="pages"><a href="([^"]*)">More', first.text)
        rest = await client.get(more.replace("&amp;", "&"), headers=staff)
        on = [
            [request for request in three if f"{linked}{request}" in page.text]
            for page in (first, rest)
        ]
        assert on == [three[:2], three[2:]], path
        assert '<p class="pages">' not in rest.text
        assert "slips?of=pull&amp;after=" in rest.text or path != "pull"


async def test_a_list_goes_on_as_a_command(
    settings: Settings, borrowing: Borrowing, three: list[str]
) -> None:
    words, found = (
        ["work", "pull", "--branch", borrowing.supplier.code, "--limit", "2"],
        list[str](),
    )
    with beside(settings):
        first = (await asyncio.to_thread(CliRunner().invoke, lending, words)).output
        [after] = re.findall(r"There is more: --after (\S+)", first)
        more = [*words, "--after", after]
        rest = (await asyncio.to_thread(CliRunner().invoke, lending, more)).output
        spoilt = [*words, "--after", "%"]
        refused = await asyncio.to_thread(CliRunner().invoke, lending, spoilt)
    found = [line.split()[0] for line in (first + rest).splitlines() if "supplier-1" in line]
    assert (found, "There is more" in rest) == (three, False)
    assert (refused.exit_code, "`next` of the page before" in refused.output) == (1, True)


async def test_what_was_left_here_goes_on_too(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    desks: dict[str, Desk],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "FEW", 2)
    b = borrowing
    barcodes = [f"LEFT-{number}" for number in range(3)]
    for barcode in barcodes:
        async with unit_of_work(b.database.app, b.pickup.id) as session:
            await scanning.scan(session, b.directory, Scan(barcode))
    staff = mint.staff(f"desk@{b.pickup.code}") | ENGLISH
    shown, path = list[str](), f"/b/{b.pickup.code}/lending/problem"
    while path:
        text = (await client.get(path, headers=staff)).text
        shown += re.findall(r"LEFT-\d(?=</code>)", text)
        path = next(iter(re.findall(r'href="([^"#]*)#left">More', text)), "")
    assert shown == barcodes[::-1]
    query = "query($a: String) { arrivals(after: $a, limit: 2) { items { barcode } next } }"
    told, after = list[str](), None
    for _ in count():
        asked: dict[str, Any] = {"query": query, "variables": {"a": after}}
        graph = (await desks["pickup"].ask("/graphql", asked)).json()["data"]["arrivals"]
        told += [one["barcode"] for one in graph["items"]]
        after = graph["next"]
        if after is None:
            break
    assert told == barcodes[::-1]


PARTY = """notes { by note } reason condition payer nextAt trouble over choice {
    attempt supplier rule rankedBy considered { supplier place out figures } }"""


async def test_the_graph_tells_a_party_and_a_request_as_the_api_does(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    told = {"condition": "不得复印", "note": "请爱护"}
    await b.act(b.supplier, request, Role.SUPPLIER, "condition", **told)
    query = f'{{ worklist(name: "problem") {{ items {{ request {PARTY} }} }} }}'
    graph = (await desks["home"].ask("/graphql", {"query": query})).json()["data"]["worklist"]
    [listed] = (await desks["home"].look("/worklists/problem"))["items"]
    [party] = graph["items"]
    assert party["notes"] == [{"by": "supplier", "note": "请爱护"}]
    assert (party["condition"], party["trouble"], party["over"]) == ("不得复印", None, False)
    assert party["nextAt"][:19] == listed["next_at"][:19]
    choice = party["choice"]
    assert (choice["supplier"], choice["rankedBy"]) == (b.supplier.code, None)
    assert choice["considered"] == listed["choice"]["considered"]
    story = await whole(desks["home"], request)
    over_http = await desks["home"].look(f"/requests/{request}")
    assert story["request"]["title"] == over_http["request"]["title"]
    assert [one["role"] for one in story["parties"]] == ["requester"]
    assert [one["operation"] for one in story["history"]] == [
        one["operation"] for one in over_http["history"]
    ]
    assert story["chosen"] == [choice]


async def whole(desk: Desk, request: UUID) -> Any:
    query = f"""query($id: UUID!) {{ request(id: $id) {{
        request {{ id title placedAt }} parties {{ role state {PARTY} }}
        history {{ at operation role result }} chosen {{
            attempt supplier rule rankedBy considered {{ supplier place out figures }} }} }} }}"""
    asked = {"query": query, "variables": {"id": str(request)}}
    return (await desk.ask("/graphql", asked)).json()["data"]["request"]


async def test_the_graph_tells_other_branches_nothing_of_a_request(
    client: httpx.AsyncClient,
    mint: Mint,
    desks: dict[str, Desk],
    three: list[str],
    neighbour: Tenant,
) -> None:
    assert (await whole(desks["supplier"], UUID(three[0])))["chosen"] == []
    asked = {"query": f'{{ request(id: "{three[0]}") {{ parties {{ state }} }} }}'}
    answer = (await desk_at(client, mint, neighbour).ask("/graphql", asked)).json()
    assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == (None, "no_such_request")


async def test_a_barcode_that_nobody_knows_is_no_success(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    staff = mint.staff(f"desk@{borrowing.pickup.code}") | ENGLISH
    path, form = f"/b/{borrowing.pickup.code}/lending/scan", {"scanned": "NOBODY-7"}
    page = (await client.post(path, data=form, headers=staff)).text
    assert 'class="notice wrong" role="alert"' in page
    assert 'class="notice done"' not in page
