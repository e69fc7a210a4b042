"""pinakes search: titles found, the index built anew, records parted and joined by command."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from conftest import MakeTenant
from finding import STONE, hold, settle
from lending import deliver
from msgspec.structs import replace
from sqlalchemy import select

from pinakes.federation.discovery.cli import search
from pinakes.federation.discovery.generations import current
from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.indexing import Indexer
from pinakes.federation.discovery.models import Holding
from pinakes.federation.discovery.query import Branch, Query
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("environment")]

NUMBER = "9787500649472"
OURS = replace(STONE, title="海错图笔记", isbn=(replace(STONE.isbn[0], isbn13=NUMBER),))

type Command = Callable[..., Awaitable[Result]]


@pytest.fixture
async def holders(
    make_tenant: MakeTenant, database: Database, settings: Settings
) -> tuple[Tenant, Tenant]:
    """Two branches that hold the same title."""
    branches = await make_tenant(), await make_tenant()
    for branch in branches:
        await hold(database, branch, OURS)
    await settle(database, settings.search)
    return branches


@pytest.fixture
def command(database: Database, settings: Settings) -> Command:
    """Gives a command beside a worker, and looks *meanwhile* again and again."""

    async def command(*words: str, meanwhile: Callable[[], object] = lambda: None) -> Result:
        indexer = Indexer(Index(settings.search), database)
        running = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, search, words))
        while not running.done():
            await deliver(database)
            await indexer.round()
            meanwhile()
            await asyncio.sleep(0.02)
        await deliver(database)
        while await indexer.round():
            pass
        indexer.close()
        result = await running
        assert result.exit_code == 0, result.output
        return result

    return command


async def test_the_index_is_built_anew_while_the_old_one_serves(
    command: Command, settings: Settings, holders: tuple[Tenant, Tenant]
) -> None:
    before, reader, totals = current(settings.search), Index(settings.search), set[int]()

    def look() -> None:
        totals.add(reader.search(Query(within=Branch(holders[0].id), text="海错图笔记")).total)

    assert "The new index serves." in (await command("rebuild", meanwhile=look)).output
    assert current(settings.search) != before
    assert totals == {1}


async def test_titles_are_found_by_command(
    command: Command, holders: tuple[Tenant, Tenant]
) -> None:
    here = holders[0].code
    told = json.loads((await command("find", "haicuotubiji", "--json")).output)
    [title] = [one for one in told["items"] if one["title"] == "海错图笔记"]
    assert {one["branch"] for one in title["holdings"]} >= {one.code for one in holders}
    line = (await command("find", "海错图", "--branch", here)).output.splitlines()[1]
    assert line.split("  ")[1:5] == ["海错图笔记", "曹雪芹著", "1998", f"{here} 1/1"]
    slip = await command("find", "haicuotubjji", "--branch", here)
    assert "did you mean 海错图笔记?" in slip.output


async def test_what_is_found_is_counted_and_narrowed(
    command: Command, holders: tuple[Tenant, Tenant]
) -> None:
    first, second = (one.code for one in holders)
    asked = ("find", "海错图笔记", "--branch", first)
    told = json.loads((await command(*asked, "--facets", "--json")).output)
    assert told["facets"]["language"] == {"chi": 1}
    assert told["where"]["branch"][second] == told["where"]["available"] == 1
    lines = [one.split() for one in (await command(*asked, "--facets")).output.splitlines()]
    assert ["language", "chi", "1"] in lines
    assert ["available", "1"] in lines
    narrowed = {
        ("--library", second): 1,
        ("--language", "eng"): 0,
        ("--from", "1998", "--to", "1998"): 1,
        ("--to", "1997"): 0,
        ("--available", "--order", "year", "--limit", "1"): 1,
    }
    for words, total in narrowed.items():
        found = json.loads((await command(*asked, *words, "--json")).output)
        assert (found["total"], found.get("where")) == (total, None), words


async def test_pages_are_turned_by_command(
    command: Command, database: Database, settings: Settings, holders: tuple[Tenant, Tenant]
) -> None:
    here = holders[0]
    await hold(database, here, replace(OURS, title="海错图续编", isbn=()))
    await settle(database, settings.search)
    asked = ("find", "--branch", here.code, "--limit", "1")
    first = (await command(*asked)).output.splitlines()
    assert (first[0], first[-1]) == ("2 found", "There are more: --offset 1")
    rest = (await command(*asked, "--offset", "1")).output.splitlines()
    assert rest[0] == "2 found"
    assert len({line.split("  ")[0] for line in (first[1], rest[1])}) == 2
    assert "There are more" not in rest[-1]


async def test_one_title_is_shown_with_the_copies_of_all_branches(
    command: Command, holders: tuple[Tenant, Tenant]
) -> None:
    first, second = (one.code for one in holders)
    found = json.loads((await command("find", "海错图笔记", "--branch", second, "--json")).output)
    id = found["items"][0]["id"]
    view = json.loads((await command("show", id, "--branch", second, "--json")).output)
    assert (view["id"], view["title"]["title"]) == (id, "海错图笔记")
    assert {one["branch"] for one in view["holdings"]} >= {first, second}
    lines = (await command("show", id, "--branch", second)).output.splitlines()
    assert NUMBER in lines[0]
    assert lines[2].split() == [second, "1/1", "I242.4/12"]
    missing = await asyncio.to_thread(CliRunner().invoke, search, ["show", str(uuid4())])
    assert (missing.exit_code, "no_such_title" in missing.output) == (1, True)


async def test_the_copies_of_one_branch_are_listed_as_a_request_names_them(
    command: Command, database: Database, make_tenant: MakeTenant
) -> None:
    branch = await make_tenant()
    await hold(database, branch, replace(OURS, title="两册书", isbn=()), copies=2)
    await deliver(database)
    async with public_work(database.app) as session:
        held = (await session.scalars(select(Holding).where(Holding.tenant_id == branch.id))).one()
    words = "copies", str(held.edition_id), "--library", branch.code, "--limit", "1"
    page = json.loads((await command(*words, "--json")).output)
    [one] = page["items"]
    first, more = (await command(*words)).output.splitlines()
    ids = f"--owner {branch.code} --record {held.record_id} --item {one['item']}"
    assert first == f"{ids}  I242.4/12  on the shelf"
    assert more == f"There are more: --after {page['next']}"
    [other] = (await command(*words, "--after", page["next"])).output.splitlines()
    assert one["item"] not in other


async def test_records_are_parted_joined_and_left_to_the_rules_by_command(
    command: Command, database: Database, holders: tuple[Tenant, Tenant]
) -> None:
    async def place(branch: Tenant) -> tuple[UUID, UUID, str]:
        async with public_work(database.app) as session:
            rows = await session.scalars(select(Holding).where(Holding.tenant_id == branch.id))
            row = rows.one()
            return row.record_id, row.edition_id, row.rule

    first, second = holders
    record, edition, rule = await place(second)
    assert (await place(first))[1:] == (edition, rule) == (edition, "isbn13")
    where = ("--branch", second.code)
    said = json.loads((await command("split", str(record), *where, "--json")).output)
    _, own, rule = await place(second)
    assert said == {"record": str(record), "edition": str(own)}
    assert (own == edition, rule) == (False, "split")
    assert str(edition) in (await command("join", str(record), str(edition), *where)).output
    assert (await place(second))[1:] == (edition, "joined")
    await command("release", str(record), *where)
    assert (await place(second))[1:] == (edition, "isbn13")
