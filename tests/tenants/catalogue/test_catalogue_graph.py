"""The graph tells what the lists over HTTP tell: to staff of this branch, and to nobody else."""

from typing import Any

import httpx
import pytest
from books import Import, book, file_of, performed
from marcs import iso
from mint import Mint
from sqlalchemy import select

from pinakes.platform import jobs
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.paging import cursor
from pinakes.tenants.catalogue import duplicates, mistakes, service
from pinakes.tenants.catalogue.models import CatalogueRecord

pytestmark = pytest.mark.anyio

TWICE = file_of(*(book(number, "红楼梦", isbn="9787020002207") for number in ("1", "2")))
UNTITLED = iso("001 7", "040 __ $aX")
ALL = {
    "imports": "imports { items { id file state read new quarantined reasons { code count } } }",
    "duplicates": "duplicates { items { rule verdict first { title isbn } second { year } } }",
    "mistakes": "mistakes { items { title words state } }",
}


class Graph:
    """One asker of one branch's graph."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], code: str) -> None:
        self.client, self.headers, self.path = client, headers, f"/v1/b/{code}/graphql"

    async def ask(self, query: str) -> Any:
        answer = await self.client.post(self.path, json={"query": query}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def told(self, query: str) -> Any:
        answer = await self.ask(query)
        assert "errors" not in answer, answer
        [found] = answer["data"].values()
        return found

    async def items(self, query: str) -> Any:
        """What the one list says that is asked for."""
        return (await self.told(f"{{ {query} }}"))["items"]


@pytest.fixture
async def filled(bring: Import, database: Database, library: Tenant) -> Tenant:
    """A branch with an import, a piece set aside, two titles alike and a mistake."""
    await bring(TWICE + UNTITLED)
    async with unit_of_work(database.app, library.id) as session:
        await duplicates.start_search(session)
    await performed(database)
    async with unit_of_work(database.app, library.id) as session:
        record = (await session.scalars(select(CatalogueRecord.id))).all()[0]
        await mistakes.report(session, record, "The year is wrong", uuid7(), library.id)
    return library


async def test_a_cataloguer_reads_everything_in_the_graph(
    filled: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    graph = Graph(client, mint.staff(f"cataloguer@{filled.code}"), filled.code)
    [one] = await graph.items(ALL["imports"])
    assert (one["file"], one["state"]) == ("test.mrc", "DONE")
    assert (one["read"], one["new"], one["quarantined"]) == (3, 2, 1)
    assert [(reason["code"], reason["count"]) for reason in one["reasons"]] == [("no_title", 1)]
    wanted = f'quarantined(importId: "{one["id"]}") {{ items {{ ordinal size zh state }} }}'
    [piece] = await graph.items(wanted)
    assert (piece["ordinal"], piece["size"], piece["state"]) == (3, len(UNTITLED), "WAITING")
    [pair] = await graph.items(ALL["duplicates"])
    assert (pair["rule"], pair["first"]["title"]) == ("isbn_title", "红楼梦")
    assert await graph.items(ALL["duplicates"].replace("s {", "s(verdict: SAME) {", 1)) == []
    [mistake] = await graph.items(ALL["mistakes"])
    assert (mistake["title"], mistake["words"]) == ("红楼梦", "The year is wrong")


async def test_the_report_of_an_import_is_whole_in_the_graph(
    bring: Import, database: Database, library: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    short = b"00999" + book("2", items=["A"]).as_marc()[5:]
    job = await bring(file_of(book("1", items=["A"]), short))
    async with unit_of_work(database.app, library.id) as session:
        undo = (await service.start_undo(session, job.id)).id
        sheet = await jobs.start(session, service.SHEET, {})
        sheet.state = jobs.JobState.DONE
        sheet.report = {"read": 3, "new": 1, "refused": 2, "reasons": {"item_refused": 2}}
    whole = """{ id encodings { name count } repairs { code en count } undos
                 items { read new updated unchanged duplicates refused } }"""
    graph = Graph(client, mint.staff(f"cataloguer@{library.code}"), library.code)
    of_copies, of_records = await graph.items(f"imports {{ items {whole} }}")
    assert of_records == {
        "id": str(job.id),
        "encodings": [{"name": "utf-8", "count": 2}],
        "repairs": [{"code": "length_corrected", "en": "Length put right", "count": 1}],
        "items": {
            "read": 2, "new": 1, "updated": 0, "unchanged": 0, "duplicates": 1, "refused": 0,
        },
        "undos": [str(undo)],
    }  # fmt: skip
    assert (of_copies["items"]["read"], of_copies["items"]["refused"]) == (3, 2)
    assert [of_copies[name] for name in ("encodings", "repairs", "undos")] == [[], [], []]


@pytest.mark.parametrize("name", ALL)
async def test_nobody_else_reads_any_of_it(
    name: str, filled: Tenant, neighbour: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    theirs = mint.staff(f"cataloguer@{neighbour.code}")
    for who, headers in (("nobody", {}), ("theirs", theirs)):
        answer = await client.post(
            f"/v1/b/{filled.code}/graphql", json={"query": f"{{ {ALL[name]} }}"}, headers=headers
        )
        assert "红楼梦" not in answer.text, who
        assert answer.status_code == 403 or answer.json()["data"] is None, (who, answer.text)
    assert await Graph(client, theirs, neighbour.code).items(ALL[name]) == []


async def test_lists_are_turned_page_by_page_and_counted(
    bring: Import, library: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    graph = Graph(client, mint.staff(f"cataloguer@{library.code}"), library.code)
    job = await bring(UNTITLED * 5)
    asked, items = f'quarantined(importId: "{job.id}"', "{ items { ordinal } next total }"
    seen, after = list[int](), ""
    for size in (2, 2, 1):
        page = await graph.told(f"{{ {asked}, limit: 2{after}) {items} }}")
        assert (len(page["items"]), page["total"]) == (size, 5)
        seen += [one["ordinal"] for one in page["items"]]
        after = f', after: "{page["next"]}"'
    assert (seen, page["next"]) == ([5, 4, 3, 2, 1], None)
    for least in (0, -1):
        page = await graph.told(f"{{ {asked}, limit: {least}) {items} }}")
        assert (len(page["items"]), page["next"] is None) == (1, False)
    refused = await graph.ask(f'{{ {asked}, after: "nonsense") {items} }}')
    assert [one["extensions"]["code"] for one in refused["errors"]] == ["cursor_malformed"]


async def test_a_cursor_of_another_branch_shows_nothing_of_it(
    bring: Import, library: Tenant, neighbour: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    theirs = await bring(file_of(book("1")))
    graph = Graph(client, mint.staff(f"cataloguer@{neighbour.code}"), neighbour.code)
    for after in (cursor(theirs.id), cursor(uuid7())):
        page = await graph.told(f'{{ imports(after: "{after}") {{ items {{ id }} next total }} }}')
        assert page == {"items": [], "next": None, "total": 0}
