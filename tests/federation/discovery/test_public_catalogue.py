"""What branches hold can be found by everybody, wherever it stands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pymarc
import pytest
from books import Import, begin, book, file_of, performed
from sqlalchemy import select, update

from pinakes.federation.discovery.generations import current
from pinakes.federation.discovery.index import GLANCE, Index
from pinakes.federation.discovery.indexing import Indexer, rebuild_wished, wish_rebuild
from pinakes.main.features import FEATURES
from pinakes.platform.arrears import ARREARS
from pinakes.platform.carrier import carry
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import listeners_of
from pinakes.tenants.catalogue import calm
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.service import suppress
from pinakes.tenants.items.machine import Action
from pinakes.tenants.items.service import act, listed
from pinakes.tenants.registry.models import Tenant as Row

pytestmark = pytest.mark.anyio

LISTENERS = listeners_of(FEATURES)

STRANGE, RARE = "龘靐齉", "爨癵麤"  # no real book is called so: files of them are imported, too

type Settle = Callable[[], Awaitable[None]]


@pytest.fixture
async def settle(database: Database, settings: Settings) -> AsyncIterator[Settle]:
    """Does what the worker does, until nothing is left to do."""
    indexer = Indexer(Index(settings.search), database)

    async def settle() -> None:
        while await carry(database, LISTENERS):
            pass
        while await indexer.round():
            pass
        await asyncio.sleep(GLANCE)  # readers look no more often for a commit

    yield settle
    indexer.close()


async def search(client: httpx.AsyncClient, where: str, **asked: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1{where}/catalogue/search", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_title_is_found_in_its_branch_and_in_the_consortium_by_anybody(
    bring: Import, library: Tenant, settle: Settle, client: httpx.AsyncClient
) -> None:
    await bring(file_of(book("1", "故宫的隐秘角落", author="祝某勇", items=["G1", "G2"])))
    await settle()
    for where in (f"/b/{library.code}", ""):
        for words in ("隐秘角落", "gugong", "祝某勇"):
            found = await search(client, where, q=words, library=library.code)
            [title] = found["items"]  # books of other branches answer, too
            [shelf] = title["holdings"]
            assert (shelf["branch"], shelf["items"], shelf["available"]) == (library.code, 2, 2)


async def test_records_of_several_branches_with_one_isbn_are_one_title(
    bring: Import,
    library: Tenant,
    other_library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
) -> None:
    isbn = "9787101003048"
    await bring(file_of(book("1", "红楼梦", isbn=isbn, items=["A1"])))
    there = file_of(book("X9", "红楼梦 : 新版", isbn="7-101-00304-4", items=["A1", "A2"]))
    await begin(database, other_library, there)
    await performed(database)
    await settle()
    found = await search(client, "", q=isbn, near=other_library.code)
    [title] = [one for one in found["items"] if len(one["holdings"]) > 1]
    ours = {other_library.code: 2, library.code: 1}  # other tests bring this book, too
    shelves = [shelf for shelf in title["holdings"] if shelf["branch"] in ours]
    assert {shelf["branch"]: shelf["available"] for shelf in shelves} == ours
    assert title["holdings"][0]["branch"] == other_library.code
    own = await search(client, f"/b/{other_library.code}", q="红楼梦新版")
    assert own["items"][0]["title"].startswith("红楼梦 :"), "a branch shows its own description"


async def test_a_title_is_found_by_the_call_number_of_each_of_its_copies(
    bring: Import, library: Tenant, settle: Settle, client: httpx.AsyncClient
) -> None:
    record = book("1", "两处架上的书", items=["C1", "C2", "C3"])
    numbers = ("I242.4/12", "Z9876/55", "Z9876/55")
    for field, number in zip(record.get_fields("952"), numbers, strict=True):
        field["o"] = number
    await bring(file_of(record))
    await settle()
    for asked in ("I242.4/12", "Z9876/55", "Z9876", "call:Z9876/55", "Ｚ９８７６／５５"):
        assert (await search(client, f"/b/{library.code}", q=asked))["total"] == 1, asked
    assert (await search(client, f"/b/{library.code}", q="Z9877"))["total"] == 0


async def test_a_number_that_is_corrected_leaves_the_title_where_it_is(
    bring: Import,
    library: Tenant,
    other_library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
) -> None:
    async def shown() -> dict[str, set[str]]:
        found = await search(client, "", q="海错图笔记九种")
        return {one["id"]: {shelf["branch"] for shelf in one["holdings"]} for one in found["items"]}

    async def told(at: Tenant, **more: str) -> None:
        record = book("1", "海错图笔记九种", author="张辰亮", **more)
        record.fields.append(pymarc.Field("260", subfields=[pymarc.Subfield("c", "2016")]))
        await begin(database, at, file_of(record))
        await performed(database)
        await settle()

    await told(library, isbn="9787508658902", items="A")
    [id] = await shown()
    await told(library, isbn="9787508666501", items="A")
    assert await shown() == {id: {library.code}}
    await told(other_library, items="B")  # without a number: it meets the words
    assert await shown() == {id: {library.code, other_library.code}}


async def test_a_title_that_turns_out_to_be_another_takes_its_words_along(
    settle: Settle, library: Tenant, database: Database, client: httpx.AsyncClient
) -> None:
    """The emptied title is met by nobody any more."""
    first, second = "9787020002207", "9787101127904"

    async def told(number: str, title: str, isbn: str = "") -> None:
        record = book(number, title, author="祝勇", isbn=isbn, items=[f"W{number}"])
        record.fields.append(pymarc.Field("260", subfields=[pymarc.Subfield("c", "2013")]))
        await begin(database, library, file_of(record))
        await performed(database)
        await settle()

    await told("31", "故宫的风花雪月记", first)
    await told("32", "故宫的风花雪月", second)
    await told("31", "故宫的风花雪月记", second)  # the same number: one title
    await told("33", "故宫的风花雪月记")
    found = await search(client, f"/b/{library.code}", q="故宫的风花雪月")
    [title] = found["items"]
    assert [shelf["items"] for shelf in title["holdings"]] == [3]


async def test_a_suppressed_record_leaves_and_comes_back(
    bring: Import,
    library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
) -> None:
    await bring(file_of(book("1", "藏起来的书")))
    await settle()
    where = f"/b/{library.code}"
    for suppressed, total in ((True, 0), (False, 1)):
        async with unit_of_work(database.app, library.id) as session:
            [id] = await session.scalars(select(CatalogueRecord.id))
            await suppress(session, id, suppressed)
        await settle()
        assert (await search(client, where, q="藏起来"))["total"] == total


async def test_a_suspended_branch_leaves_the_catalogue(
    bring: Import,
    library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
) -> None:
    await bring(file_of(book("1", "停业馆藏", items=["S1"])))
    await settle()
    [title] = (await search(client, "", q="停业馆藏"))["items"]
    for state, status, total in (("suspended", 404, 0), ("active", 200, 1)):
        async with public_work(database.public) as public:
            turn = update(Row).where(Row.id == library.id).values(state=state)
            await public.execute(turn)
        await answers(client, f"/v1/catalogue/editions/{title['id']}", status)
        await settle()
        assert (await search(client, "", q="停业馆藏"))["total"] == total


async def answers(client: httpx.AsyncClient, address: str, status: int) -> None:
    """Wait until the application has looked at its directory again: a second at most."""
    for _ in range(50):
        if (await client.get(address)).status_code == status:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{address} does not answer with {status}")


async def test_availability_follows_the_items(
    bring: Import,
    library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
) -> None:
    await bring(file_of(book("1", "借来借去", items=["L1", "L2"])))
    await settle()
    async with unit_of_work(database.app, library.id) as session:
        item = (await session.scalars(listed("L1", None))).one()
        await act(session, item.id, Action.MISS)
    await settle()
    [title] = (await search(client, "", q="借来借去"))["items"]
    assert (title["holdings"][0]["items"], title["holdings"][0]["available"]) == (1, 1)


async def test_the_index_is_rebuilt_while_the_old_one_serves(
    bring: Import,
    library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
    settings: Settings,
) -> None:
    await bring(file_of(*(book(str(n), f"重建之书{n}") for n in range(20))))
    await settle()
    before = current(settings.search)
    async with public_work(database.public) as public:
        await wish_rebuild(public)
    assert (await search(client, f"/b/{library.code}", q="重建之书"))["total"] == 20
    await bring(file_of(book("new", "重建之书新")))
    await settle()
    assert current(settings.search) != before
    assert (await search(client, f"/b/{library.code}", q="重建之书"))["total"] == 21
    async with public_work(database.public) as public:
        assert not await rebuild_wished(public)


async def test_the_graph_finds_the_same(
    bring: Import, library: Tenant, settle: Settle, client: httpx.AsyncClient
) -> None:
    isbn = "9787101003055"
    await bring(file_of(book("1", "图中之书", author="图人", isbn=isbn, items=["Q1"])))
    await settle()
    ask = '{ search(q: "图中之书") { total titles { id title holdings { branch available } } } }'
    graph = f"/v1/b/{library.code}/graphql"
    told = (await client.post(graph, json={"query": ask})).json()["data"]["search"]
    [title] = [one for one in told["titles"] if one["title"] == "图中之书"]
    assert title["holdings"] == [{"branch": library.code, "available": 1}]
    told = "title names isbn language subjects classNumbers"
    ask = f"query($id: UUID!) {{ edition(id: $id) {{ {told} }} }}"
    asked = {"query": ask, "variables": {"id": title["id"]}}
    assert (await client.post(graph, json=asked)).json()["data"]["edition"] == {
        "title": "图中之书", "names": ["图人"], "isbn": [isbn], "language": "", "subjects": [],
        "classNumbers": [],
    }  # fmt: skip


async def test_what_can_be_borrowed_and_who_holds_it_is_counted_truly(
    bring: Import,
    library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    database: Database,
) -> None:
    await bring(file_of(*(book(str(n), f"{RARE}{n}", items=[f"W{n}"]) for n in range(5))))
    await settle()
    for gone in (0, 1):
        where = await client.get("/v1/catalogue/facets", params={"q": RARE})
        assert where.json() == {"branch": {library.code: 5}, "available": 5 - gone}
        free = {"q": RARE, "available": True, "library": library.code}
        for place in ("", f"/b/{library.code}"):
            assert (await search(client, place, **free))["total"] == 5 - gone
        async with unit_of_work(database.app, library.id) as session:
            item = (await session.scalars(listed("W0", None))).one()
            if not gone:
                await act(session, item.id, Action.MISS)
        await settle()
    assert (await client.get("/v1/catalogue/facets?library=zz")).status_code == 404


async def test_the_graph_narrows_turns_pages_and_counts_who_holds_what(
    bring: Import, library: Tenant, settle: Settle, client: httpx.AsyncClient
) -> None:
    await bring(file_of(*(book(str(n), f"{STRANGE}{n}", items=[f"P{n}"]) for n in range(5))))
    await settle()
    graph = f"/v1/b/{library.code}/graphql"

    async def told(narrowed: str) -> Any:
        told = "total next available titles { title } holders { value count }"
        ask = f'{{ search(q: "{STRANGE}", {narrowed}) {{ {told} }} }}'
        return (await client.post(graph, json={"query": ask})).json()["data"]["search"]

    page = await told(f'library: "{library.code}", order: TITLE, first: 2, offset: 2')
    assert (page["total"], page["next"], page["available"]) == (5, 4, 5)
    assert [title["title"] for title in page["titles"]] == [f"{STRANGE}2", f"{STRANGE}3"]
    assert page["holders"] == [{"value": library.code, "count": 5}]
    for nothing in ('mainClass: "clc:Q"', "yearFrom: 1900", "yearTo: 2100"):
        assert (await told(nothing))["total"] == 0
    assert await told('library: "nowhere"') is None


async def test_what_is_free_nearby_comes_first(
    library: Tenant,
    other_library: Tenant,
    settle: Settle,
    client: httpx.AsyncClient,
    bring: Import,
    database: Database,
) -> None:
    await bring(file_of(book("1", "同名之书", author="甲", items=["N1"])))
    await begin(database, other_library, file_of(book("2", "同名之书", author="乙", items=["N2"])))
    await performed(database)
    await settle()
    for near in (library, other_library):
        found = await search(client, "", q="同名之书", near=near.code)
        assert found["items"][0]["holdings"][0]["branch"] == near.code


async def test_who_types_wrongly_or_not_yet_all_of_it_is_helped(
    bring: Import, library: Tenant, settle: Settle, client: httpx.AsyncClient
) -> None:
    await bring(file_of(book("1", "昆虫记事本", author="法布尔", items=["T1"])))
    await settle()
    found = await search(client, "", q="昆虫计事本")
    assert (found["nearly"], found["did_you_mean"]) == (True, "昆虫记事本")
    for place in ("", f"/b/{library.code}"):
        told = await client.get(f"/v1{place}/catalogue/suggestions", params={"q": "kunchongj"})
        assert {"text": "昆虫记事本", "kind": "title"} in told.json()["items"]
        assert told.json()["next"] is None
    ask = """{ suggestions(q: "法布") { text kind }
               search(q: "昆虫计事本", available: true) { nearly didYouMean facets { name } } }"""
    graph = await client.post(f"/v1/b/{library.code}/graphql", json={"query": ask})
    told = graph.json()["data"]
    assert told["suggestions"] == [{"text": "法布尔", "kind": "name"}]
    assert told["search"]["didYouMean"] == "昆虫记事本"
    assert {facet["name"] for facet in told["search"]["facets"]} >= {"form", "language", "class"}


ODD = [
    "\x00",
    '"' * 50,
    "(" * 400,
    "title:",
    "isbn:x",
    "\\",
    "a:b:c AND OR NOT *?~^",
    "𠮷" * 100,
    "%",
]


@pytest.mark.parametrize("words", ODD)
async def test_any_words_are_a_question(words: str, client: httpx.AsyncClient) -> None:
    await search(client, "", q=words)


BAD = ["limit=0", "limit=1000", "offset=-1", "offset=10001", "order=up", "year_from=x", "near=zz"]


@pytest.mark.parametrize("asked", BAD)
async def test_a_question_out_of_bounds_is_refused(asked: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/v1/catalogue/search?{asked}")
    assert answer.status_code in {400, 404}
    assert answer.json()["code"]


async def test_an_import_waits_for_a_search_that_is_far_behind(
    bring: Import,
    settle: Settle,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calm, "UNSEEN", 2)
    await bring(file_of(*(book(str(number), f"书 {number}") for number in range(4))))
    while await carry(database, LISTENERS):
        pass
    another = Indexer(Index(tmp_path), database)
    await another.write_some({})  # looks, and shows nothing yet
    another.close()
    assert ARREARS.unseen >= 4
    waiting = asyncio.create_task(calm.seen())
    await asyncio.sleep(2 * calm.LOOK)
    assert not waiting.done()
    await settle()
    assert ARREARS.unseen == 0
    await waiting
