"""The graph of the public catalogue: lists that go on where the first page ends."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import httpx
import pytest
from conftest import MakeTenant
from finding import STONE, hold, settle
from msgspec.structs import replace

from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

type Ask = Callable[[str], Awaitable[Any]]

TITLES = count(1)


@pytest.fixture
def title() -> str:
    """One that no other test gives a book."""
    return f"翻页之书第{next(TITLES)}种"


@pytest.fixture
async def holders(
    make_tenant: MakeTenant, database: Database, settings: Settings, title: str
) -> tuple[Tenant, ...]:
    """Three branches: all have one book, the first has another one besides."""
    branches = await make_tenant(), await make_tenant(), await make_tenant()
    book = replace(STONE, title=title, isbn=())
    for branch in branches:
        await hold(database, branch, book)
    await hold(database, branches[0], replace(book, title=f"{title}续编"))
    await settle(database, settings.search)
    return branches


@pytest.fixture
def ask(client: httpx.AsyncClient, holders: tuple[Tenant, ...], title: str) -> Ask:
    """Gives what a search for the title tells."""

    async def ask(wanted: str) -> Any:
        query = {"query": f'{{ search(q: "\\"{title}\\"") {{ {wanted} }} }}'}
        answer = await client.post(f"/v1/b/{holders[0].code}/graphql", json=query)
        return answer.json()["data"]["search"]

    return ask


async def test_all_branches_that_hold_a_title_are_told_page_by_page(
    ask: Ask, holders: tuple[Tenant, ...], title: str
) -> None:
    seen = list[str]()
    for offset, size in ((-1, 2), (2, 1), (3, 0)):
        listed = f"holdings(first: 2, offset: {offset}) {{ branch }}"
        titles = (await ask(f"titles {{ title libraries {listed} }}"))["titles"]
        [found] = [one for one in titles if one["title"] == title]
        assert (found["libraries"], len(found["holdings"])) == (3, size)
        seen += [one["branch"] for one in found["holdings"]]
    assert seen[0] == holders[0].code  # nearest first
    assert sorted(seen) == sorted(one.code for one in holders)


async def test_who_holds_what_is_told_page_by_page_the_most_first(
    ask: Ask, holders: tuple[Tenant, ...]
) -> None:
    seen = list[tuple[str, int]]()
    for offset, size in ((0, 2), (2, 1), (3, 0)):
        page = (await ask(f"holders(first: 2, offset: {offset}) {{ value count }}"))["holders"]
        assert len(page) == size
        seen += [(one["value"], one["count"]) for one in page]
    assert seen == [(holders[0].code, 2), *sorted((one.code, 1) for one in holders[1:])]
