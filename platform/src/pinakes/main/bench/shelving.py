"""A million titles on their shelves: public tables by COPY, the index beside, by two processes.

The built index is kept under ~/.cache/pinakes, by a fingerprint of all that it depends on: what
is measured is searching, and building it anew takes most of the four minutes.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import asyncpg

from pinakes.federation.discovery import describing, document, wording
from pinakes.federation.discovery.index import Index
from pinakes.main.bench import printing, titles
from pinakes.main.bench.printing import BATCH, BRANCHES, Batch, printed
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform import readings, text

SIZES = (10_000, 100_000, 1_000_000)
PROCESSES = 2
CACHE = Path.home() / ".cache" / "pinakes"
MADE_OF = (titles, printing, describing, document, wording, text, readings)

BRANCHES_THERE = """
INSERT INTO commons.consortium (id, code, name_zh, name_en) VALUES (1, 'bench', '测', 'Bench');
INSERT INTO commons.tenant (id, consortium_id, code, kind, parent_id, path, name_zh, name_en,
                            state, zone, version)
SELECT t, 1, 'branch-' || t, CASE t WHEN 1 THEN 'hub' ELSE 'county' END,
       CASE t WHEN 1 THEN NULL ELSE 1 END, CASE t WHEN 1 THEN ARRAY[1] ELSE ARRAY[1, t] END,
       '分馆', 'Branch', 'active', 'Asia/Shanghai', t FROM generate_series(1, $BRANCHES) t;
INSERT INTO commons.branch_shown SELECT id FROM commons.tenant;
CREATE UNLOGGED TABLE yardstick (id uuid, form text, language text, class text, words tsvector);
"""
KEYS = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'commons' AND tablename = 'holding' AND indexname NOT LIKE '%pkey'
"""
SETTLED = (  # at once, not by the server in the midst of what is measured
    "VACUUM ANALYZE yardstick",
    "VACUUM ANALYZE commons.edition, commons.holding",
    "CHECKPOINT",
)
COLUMNS = {
    "edition": ("id", "consortium_id"),
    "holding": (
        "tenant_id", "record_id", "edition_id", "title_fields", "call_numbers", "items",
        "available",
    ),
}  # fmt: skip


def fingerprint() -> str:
    """Changes with every line that the index depends on."""
    sources = [Path(str(module.__file__)).read_bytes() for module in MADE_OF]
    return blake2b(b"".join(sources) + repr(SIZES).encode(), digest_size=8).hexdigest()


def kept() -> Path:
    """Where the built index of these sources lies, or will."""
    return CACHE / f"bench-search-{fingerprint()}"


def shelve(postgres: Postgres, search: Path, looked_for: Sequence[str]) -> tuple[list[int], bool]:
    """Fill everything, the index for *search*.

    Returns how many titles hold each string, and whether the index was there already.
    """
    there = kept().exists()
    coming = kept().with_suffix(".part")
    if not there:
        for old in CACHE.glob("bench-search-*"):
            shutil.rmtree(old)
    found = asyncio.run(filled(postgres, None if there else coming, looked_for))
    if not there:
        coming.rename(kept())
    for size in SIZES:
        goes = search if size == SIZES[-1] else search.with_name(f"search-{size}")
        shutil.copytree(kept() / str(size), goes, copy_function=linked)
    return found, there


def linked(source: str, goes: str) -> None:
    """Files of an index are never written over, so a second name will do."""
    try:
        os.link(source, goes)
    except OSError:
        shutil.copy2(source, goes)


async def filled(postgres: Postgres, folder: Path | None, looked_for: Sequence[str]) -> list[int]:
    """The tables, and unless there is no folder the indexes; counts of the strings."""
    found = [0] * len(looked_for)
    async with tables(postgres) as connection:
        indexes = [Index(folder / str(size)) for size in SIZES] if folder else []
        for number, batch in enumerate(batches(looked_for, indexed=folder is None)):
            await asyncio.gather(
                load(connection, batch),
                asyncio.to_thread(add, indexes, (number + 1) * BATCH, batch.documents),
            )
            found = [sum(pair) for pair in zip(found, batch.found, strict=True)]
        for index in indexes:
            index.commit()
            index.close()
    return found


def batches(looked_for: Sequence[str], *, indexed: bool) -> Iterator[Batch]:
    """The batches in their order, made by processes beside."""
    orders = [(number, looked_for, indexed) for number in range(SIZES[-1] // BATCH)]
    with get_context("forkserver").Pool(PROCESSES) as pool:
        yield from pool.imap(printed, orders)


def add(indexes: Sequence[Index], behind: int, documents: Sequence[str]) -> None:
    """To every index that is to hold so many titles."""
    for index, size in zip(indexes, SIZES, strict=False):
        if behind <= size:
            index.add(documents)


@asynccontextmanager
async def tables(postgres: Postgres) -> AsyncGenerator[Any]:
    """The public tables without their indexes, which are built at the end."""
    connection: Any = await asyncpg.connect(postgres.address("postgres"))
    try:
        await connection.execute(BRANCHES_THERE.replace("$BRANCHES", str(BRANCHES)))
        await connection.execute("SET session_replication_role = replica; SET jit = off")
        keys = await connection.fetch(KEYS)
        for name, _ in keys:
            await connection.execute(f"DROP INDEX commons.{name}")
        yield connection
        await connection.execute("SET maintenance_work_mem = '256MB'")
        for _, order in keys:
            await connection.execute(order)
        await connection.execute("CREATE INDEX ON yardstick USING gin (words)")
        for order in SETTLED:
            await connection.execute(order)
    finally:
        await connection.close()


async def load(connection: Any, batch: Batch) -> None:
    copy = partial(connection.copy_to_table, schema_name="commons")
    await copy("edition", source=pieces(batch.editions), columns=COLUMNS["edition"])
    await copy("holding", source=pieces(batch.holdings), columns=COLUMNS["holding"])
    await connection.copy_to_table("yardstick", source=pieces(batch.yardstick))


async def pieces(lines: bytes) -> AsyncGenerator[bytes]:
    yield lines
