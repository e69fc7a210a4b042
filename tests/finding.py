"""Titles that can be found, without the way through a file of MARC."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from lending import deliver, record

from pinakes.federation.discovery.index import GLANCE, Index
from pinakes.federation.discovery.indexing import Indexer
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.marc import Class, Isbn, Name, Title
from pinakes.tenants.catalogue.models import Kept, Mistake, Quarantined, Twin
from pinakes.tenants.items import service as items
from pinakes.tenants.items.schemas import NewItem

NUMBERS = count(1)
STONE = Title(  # by a number that no other test gives a book
    title="石头记",
    responsibility="曹雪芹著",
    names=(Name("曹雪芹", role="著"),),
    publisher="甲戌书局",
    published="1998",
    year=1998,
    isbn=(Isbn("978-7-5325-0000-0", "9787532500000"),),
    subjects=("章回小说",),
    classes=(Class("clc", "I242.4"),),
    language="chi",
)


async def hold(database: Database, branch: Tenant, title: Title, copies: int = 1) -> list[str]:
    """Let *branch* hold that many copies of *title*; their barcodes."""
    row = record(title)
    async with unit_of_work(database.app, branch.id) as session:
        session.add(row)
        await session.flush()
        barcodes = [f"F{next(NUMBERS):08}" for _ in range(copies)]
        stock = [NewItem(row.id, code, call_number="I242.4/12") for code in barcodes]
        await items.shelve(session, stock)
        emit(session, RecordsChanged(about=row.id, records=[row.id]), to=None)
    return barcodes


async def setting_aside(database: Database, branch: Tenant) -> tuple[UUID, UUID, UUID]:
    """An import of *branch*, what it set aside, and its undo; two titles that may be the same."""
    job, piece, undo = uuid7(), uuid7(), uuid7()
    one, other = record(STONE), record(STONE)
    counts: dict[str, Any] = {"read": 3, "new": 2, "updated": 0, "unchanged": 0, "quarantined": 1}
    reasons = {"reasons": {"encoding_unclear": 1}, "encodings": {"utf-8": 2}, "items": {"read": 6}}
    back = {"records": {"removed": 1, "restored": 0, "kept": 1}}
    async with unit_of_work(database.app, branch.id) as session:
        done: dict[str, Any] = {"kind": "catalogue.import", "state": "done", "args": {}}
        session.add(Job(id=job, **done, report=counts | reasons))
        undone = {"kind": "catalogue.undo", "args": {"import": str(job)}, "report": back}
        session.add(Job(id=undo, **done | undone))
        session.add_all([one, other])
        await session.flush()
        stayed = {"kind": "record", "known_as": "1", "reason": "lent_since"}
        session.add(Kept(id=uuid7(), job_id=undo, row_id=one.id, **stayed))
        session.add(Twin(id=uuid7(), first_id=one.id, second_id=other.id, rule="isbn_title"))
        who = {"person_id": uuid7(), "home_id": branch.id}
        session.add(Mistake(id=uuid7(), record_id=one.id, words="作者有误", **who))
        raw = "001 1\x1e  \x1faВойна и мир\x1e".encode("koi8-r")
        aside = Quarantined(id=piece, job_id=job, ordinal=3, byte_offset=9, facts={}, raw=raw)
        aside.reason = "encoding_unclear"
        session.add(aside)
    return job, piece, undo


async def settle(database: Database, folder: Path) -> None:
    """Do what the worker does, until everything is found."""
    await deliver(database)
    indexer = Indexer(Index(folder), database)
    while await indexer.round():
        pass
    indexer.close()
    await asyncio.sleep(GLANCE)  # readers look no more often for a commit
