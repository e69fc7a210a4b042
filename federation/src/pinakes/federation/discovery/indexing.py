"""The one that writes the search index: from the public tables, soon after every change."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from logging import getLogger
from time import monotonic
from uuid import UUID

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.describing import document
from pinakes.federation.discovery.document import Document
from pinakes.federation.discovery.editions import known
from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.models import BranchShown, Edition, EditionChanged
from pinakes.federation.discovery.publishing import mark_branch
from pinakes.platform.arrears import ARREARS
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work

PAUSE = 0.2  # seconds between two looks at what has changed
PATIENCE = 1.5  # seconds that many changes wait for more: each commit costs every reader
SILENCE = 3  # looks in a row that find no more
MANY = 200  # changes at once; fewer are shown at once
AGAIN = 2.0  # seconds until a worker asks again whether it is the one that writes
BATCH = 1000
EVERYTHING = UUID(int=0)  # stands among the changed editions for a wish to rebuild

ALONE = text("SELECT pg_try_advisory_lock(hashtext('search index'))")
TURNED = text("""
    SELECT coalesce(t.id, s.tenant_id), t.id IS NOT NULL FROM commons.branch_shown s
    FULL JOIN (SELECT id FROM commons.tenant WHERE state = 'active') t ON t.id = s.tenant_id
    WHERE t.id IS NULL OR s.tenant_id IS NULL
""")

CHANGES = text("""
    SELECT c.edition_id, c.version FROM commons.edition_changed c
    WHERE c.edition_id <> '00000000-0000-0000-0000-000000000000'
      AND NOT EXISTS (
          SELECT FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[])) s (id, version)
          WHERE s.id = c.edition_id AND s.version = c.version)
    LIMIT :batch
""")
FORGET = text("""
    DELETE FROM commons.edition_changed c
    USING unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[])) s (id, version)
    WHERE s.id = c.edition_id AND s.version = c.version
""")

log = getLogger(__name__)


async def keep_index(settings: Settings, database: Database) -> None:
    """Write what changes, as long as the worker lives; of several workers one does it."""
    while True:
        try:
            async with database.public.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                if await connection.scalar(ALONE):
                    await write_for_ever(Indexer(Index(settings.search), database))
        except Exception:
            log.exception("the search index waits")
        ARREARS.unseen = 0  # as far as it is known here
        await asyncio.sleep(AGAIN)


async def write_for_ever(indexer: "Indexer") -> None:
    try:
        while True:
            if not await indexer.round():
                await asyncio.sleep(PAUSE)
    finally:
        await asyncio.to_thread(indexer.close)


class Indexer:
    """Writes the index that serves, and the next one while it is being built."""

    def __init__(self, index: Index, database: Database) -> None:
        self.index = index
        self.database = database
        self.coming: Index | None = None
        self.scanned = EVERYTHING  # how far the coming one has got

    async def round(self) -> bool:
        """Look at the branches, write what has changed, build on; False when nothing was to do."""
        async with public_work(self.database.public) as public:
            await notice_branches(public)
            wished = await rebuild_wished(public) or self.index.is_outdated()
        if self.coming is None and wished:
            self.coming, self.scanned = await asyncio.to_thread(self.index.rebuild), EVERYTHING
        changed = await self.catch_up()
        if self.coming is not None:
            await self.build_on(self.coming)
            return True
        return changed > 0

    async def catch_up(self) -> int:
        """Write what has changed and show it, an import's changes together; how much that was."""
        began, seen, in_vain = monotonic(), dict[UUID, int](), 0
        while monotonic() - began < PATIENCE:
            batch = await self.write_some(seen)
            seen |= batch
            in_vain = 0 if batch else in_vain + 1
            if in_vain and (len(seen) < MANY or in_vain == SILENCE or ARREARS.waiting):
                break
            if in_vain:
                await asyncio.sleep(PAUSE)
        if seen:
            await asyncio.to_thread(self.commit)
            async with public_work(self.database.public) as public:
                await forget(public, seen)
        return len(seen)

    async def write_some(self, seen: Mapping[UUID, int]) -> dict[UUID, int]:
        """A batch of what has changed besides *seen*."""
        async with public_work(self.database.public) as public:
            batch = await changes(public, seen)
            known = len(seen) + len(batch)
            ARREARS.unseen = known if len(batch) < BATCH else await arrears(public)
            documents = await described(public, list(batch)) if batch else []
        if batch:
            await asyncio.to_thread(self.write, documents, batch)
        return batch

    def write(self, documents: Sequence[Document], changed: Collection[UUID]) -> None:
        """Into the serving index, unless it cannot be read, and into the coming one."""
        gone = set(changed) - {document.id for document in documents}
        for index in self.written():
            index.replace(documents)
            index.remove(gone)

    def commit(self) -> None:
        for index in self.written():
            index.commit()

    def written(self) -> list[Index]:
        serving = [] if self.index.is_outdated() else [self.index]
        return [*serving, *([self.coming] if self.coming else [])]

    async def build_on(self, coming: Index) -> None:
        """One batch of all editions into the coming generation; behind the last, it serves."""
        async with public_work(self.database.public) as public:
            after = select(Edition.id).where(Edition.id > self.scanned).order_by(Edition.id)
            ids = list(await public.scalars(after.limit(BATCH)))
            documents = await described(public, ids)
        if ids:
            await asyncio.to_thread(coming.replace, documents)
            self.scanned = ids[-1]
            return
        await asyncio.to_thread(self.change_over, coming)
        async with public_work(self.database.public) as public:
            wish = delete(EditionChanged).where(EditionChanged.edition_id == EVERYTHING)
            await public.execute(wish)

    def change_over(self, coming: Index) -> None:
        """Let the new generation serve."""
        self.index.close()
        self.index, self.coming = coming, None
        self.index.publish()

    def close(self) -> None:
        for index in (self.index, self.coming):
            if index is not None:
                index.close()


async def changes(public: AsyncSession, seen: Mapping[UUID, int]) -> dict[UUID, int]:
    """A batch of editions that the index has not seen yet, or not as they are, and versions."""
    rows = await public.execute(
        CHANGES, {"ids": list(seen), "versions": list(seen.values()), "batch": BATCH}
    )
    return {row.edition_id: row.version for row in rows}


async def arrears(public: AsyncSession) -> int:
    return await public.scalar(select(func.count()).select_from(EditionChanged)) or 0


async def forget(public: AsyncSession, seen: Mapping[UUID, int]) -> None:
    """What the index shows is not to be looked at again, unless it has changed meanwhile."""
    await public.execute(FORGET, {"ids": list(seen), "versions": list(seen.values())})


async def described(public: AsyncSession, ids: Sequence[UUID]) -> list[Document]:
    """What the index shall know of these editions."""
    found = await known(public, ids)
    return await asyncio.to_thread(lambda: [document(one) for one in found])


async def notice_branches(public: AsyncSession) -> None:
    """Look again at what a branch holds when it opens, is suspended or goes."""
    for tenant, open in (await public.execute(TURNED)).all():
        await mark_branch(public, tenant)
        if open:
            shown = insert(BranchShown).values(tenant_id=tenant)
            await public.execute(shown.on_conflict_do_nothing())
        else:
            await public.execute(delete(BranchShown).where(BranchShown.tenant_id == tenant))


async def wish_rebuild(public: AsyncSession) -> None:
    """Ask the worker for a new generation."""
    await public.execute(
        insert(EditionChanged).values(edition_id=EVERYTHING).on_conflict_do_nothing()
    )


async def rebuild_wished(public: AsyncSession) -> bool:
    """Whether the wish for a new generation is still open."""
    wish = exists().where(EditionChanged.edition_id == EVERYTHING)
    return bool(await public.scalar(select(wish)))
