"""What brings a catalogue in, or changes it, goes on where its worker was killed, at each place."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from books import Import, begin, book, file_of, look, send
from sqlalchemy import func, select, update

from pinakes.main.torture.lives import End, Lives
from pinakes.main.torture.nest import Life
from pinakes.main.torture.places import IMPORT
from pinakes.platform.config import settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import OPEN, Job, JobDue, JobState
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.models import CatalogueRecord, Quarantined
from pinakes.tenants.catalogue.rederiving import start_rederiving
from pinakes.tenants.catalogue.schemas import SheetWish
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

BOOKS = 1100  # titles in the file: some portions of each job
LISTED, LENT = 505, 40  # those of which a table has two more copies; whose copy is lent
JUNK = b"00099nam a2200000 a 4500rubbish\x1d"
LOOK = 0.1  # seconds
PATIENCE = 60.0  # seconds; a life that has not come to its place by then never will


class Ends:
    """A worker's lives; each job dies at the places that are named before it ends."""

    def __init__(self, lives: Lives, database: Database, library: Tenant) -> None:
        self.lives, self.database, self.library = lives, database, library

    async def of(self, job: UUID, *places: str) -> Job:
        for place in places:
            await self.lives.begin(Life(place, IMPORT[place].most))
            assert await self.lives.end(PATIENCE) is End.AT_ITS_PLACE, place
            async with public_work(self.database.carrier) as session:  # as if its lease had ended
                due = update(JobDue).where(JobDue.id == job).values(due_at=JobDue.created_at)
                await session.execute(due)
        await self.lives.begin(Life())
        ended = await self.over(job)
        self.lives.kill()
        await self.lives.end()
        assert (ended.state, ended.attempt) == (JobState.DONE, len(places) + 1)
        return ended

    async def over(self, job: UUID) -> Job:
        for _ in range(int(PATIENCE / LOOK)):
            found = await look(self.database, self.library, job)
            if found.state not in OPEN:
                return found
            await asyncio.sleep(LOOK)
        raise TimeoutError("the worker does not get on")


@pytest.fixture
async def ends(database: Database, library: Tenant) -> AsyncIterator[Ends]:
    async with Lives.of("worker", settings()) as lives:
        lives.kill()
        await lives.end()
        yield Ends(lives, database, library)


async def counts(database: Database, library: Tenant) -> list[int]:
    """How many titles, copies and pieces set aside there are."""
    tables = CatalogueRecord, Item, Quarantined
    async with unit_of_work(database.app, library.id) as session:
        rows = [select(func.count()).select_from(table) for table in tables]
        return [await session.scalar(row) or 0 for row in rows]


def file() -> bytes:
    """Books with a copy each, and a piece of rubbish, in more than one piece of the store's."""
    long = "佚名" * 250
    books = [book(str(n), f"书名{n}", author=long, items=[f"B{n}"]).as_marc() for n in range(BOOKS)]
    return file_of(*books[:400], JUNK, *books[400:])


async def test_what_comes_in_is_neither_lost_nor_doubled(
    ends: Ends, database: Database, library: Tenant
) -> None:
    places = (
        "a file is being fetched",
        "records are being copied",
        "records are to be settled",
        "a job writes down how far it is",
    )
    done = await ends.of(await begin(database, library, file()), *places)
    assert done.report
    told = [done.report[name] for name in ("read", "new", "updated", "unchanged", "quarantined")]
    assert told == [BOOKS + 1, BOOKS, 0, 0, 1]
    assert await counts(database, library) == [BOOKS, BOOKS, 1]

    lines = [f"{n}-{copy},{n}\n" for n in range(LISTED) for copy in (1, 2)]
    table = "".join(["barcode,control_number\n", *lines]).encode()
    async with unit_of_work(database.app, library.id) as session:
        job = await service.start_sheet(session, SheetWish(await send(session, table)))
    done = await ends.of(job.id, "a table's copies have been written")
    assert done.report
    assert (done.report["read"], done.report["new"]) == (len(lines), len(lines))
    assert await counts(database, library) == [BOOKS, BOOKS + len(lines), 1]


async def test_what_is_made_anew_or_taken_back_is_so_to_its_end(
    ends: Ends, bring: Import, database: Database, library: Tenant
) -> None:
    brought = await bring(file())
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(CatalogueRecord).values(sort_key=""))
        anew = await start_rederiving(session)
    done = await ends.of(anew.id, "records have been derived anew")
    assert done.report == {"read": BOOKS, "changed": BOOKS, "unreadable": 0}

    async with unit_of_work(database.app, library.id) as session:
        lent = Item.barcode.in_([f"B{n}" for n in range(LENT)])
        await session.execute(update(Item).where(lent).values(status="lent", version=2))
        undo = await service.start_undo(session, brought.id)
    places = (
        "an undo has taken copies out",
        "a job writes down how far it is",
        "an undo has taken records out",
    )
    done = await ends.of(undo.id, *places)
    assert done.report
    gone = {"removed": BOOKS - LENT, "restored": 0, "kept": LENT}
    assert (done.report["items"], done.report["records"]) == (gone, gone)
    assert await counts(database, library) == [LENT, LENT, 1]
