"""Two branches that show the public something at the same moment."""

import asyncio
from random import choices
from string import ascii_lowercase
from uuid import UUID, uuid4

import asyncpg
import pytest

from pinakes.federation.discovery.assigning import Placed, assign
from pinakes.federation.discovery.meeting import Rule, marks
from pinakes.platform.config import Settings
from pinakes.platform.directory import Tenant
from pinakes.tenants.catalogue.marc import Isbn, Name, Title

pytestmark = pytest.mark.anyio

CONSORTIUM = "SELECT id FROM commons.consortium WHERE code = 'tests'"
WAITS = "SELECT cardinality(pg_blocking_pids($1)) > 0"  # for the key that is being written
DREAM, STONE, ROOM = "红楼梦", "石头记", "南风之家"


def book(title: str, number: str, name: str = "") -> Title:
    names = (Name(name),) if name else ()
    return Title(title=title, names=names, year=1982, isbn=(Isbn(number, number),))


async def at_once(
    settings: Settings, library: Tenant, one: Title, other: Title
) -> tuple[Placed, Placed]:
    """Where they are placed: the second has looked around before the first is written."""
    address = settings.public.get_secret_value()
    first, second = [await asyncpg.connect(address) for _ in (one, other)]
    consortium = await first.fetchval(CONSORTIUM)

    async def placed(branch: asyncpg.Connection, title: Title) -> Placed:
        record = uuid4()
        met = {record: marks(library.id, record, title)}
        async with branch.transaction():
            return (await assign(branch, consortium, met, {}))[record]

    begun = first.transaction()
    await begun.start()
    found = await placed(first, one)
    waiting = asyncio.create_task(placed(second, other))
    while not await first.fetchval(WAITS, second.get_server_pid()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await begun.commit()
    also = await waiting
    for branch in (first, second):
        await branch.close()
    return found, also


async def test_the_same_book_of_both_is_one_title(settings: Settings, library: Tenant) -> None:
    number = str(uuid4().int)[:13]
    first, second = await at_once(settings, library, book(DREAM, number), book(DREAM, number))
    assert (first.edition, second.rule) == (second.edition, Rule.ISBN)


async def test_other_books_that_bear_the_same_number_stay_apart(
    settings: Settings, library: Tenant
) -> None:
    number = str(uuid4().int)[:13]
    first, second = await at_once(settings, library, book(DREAM, number), book(STONE, number))
    assert first.edition != second.edition


async def test_whoever_gives_way_leaves_no_trace(settings: Settings, library: Tenant) -> None:
    number, name = str(uuid4().int)[:13], "".join(choices(ascii_lowercase, k=20))
    first, _ = await at_once(settings, library, book(ROOM, number), book(ROOM, number, name))
    strong = await asyncpg.connect(settings.public.get_secret_value())
    led: set[UUID] = {
        row["edition_id"]
        for row in await strong.fetch(
            "SELECT edition_id FROM commons.edition_mark WHERE key LIKE '%' || $1 || '%'", name
        )
    }
    await strong.close()
    assert led == {first.edition}
