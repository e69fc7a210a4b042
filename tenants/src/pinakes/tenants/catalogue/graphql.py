"""What a branch's cataloguers look after, as a graph: imports, what they set aside, duplicates."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.graphql import Info, Listing, listing
from pinakes.platform.jobs import OPEN, Job, JobState
from pinakes.tenants.catalogue import deciding, mistakes, schemas, service
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.machine import PieceState
from pinakes.tenants.catalogue.marc.reasons import label
from pinakes.tenants.catalogue.mistake_routes import MistakeView
from pinakes.tenants.catalogue.mistake_routes import views as told_mistakes
from pinakes.tenants.catalogue.models import Mistake as Reported
from pinakes.tenants.catalogue.models import MistakeState, Quarantined, Twin
from pinakes.tenants.catalogue.report import COUNTED, ItemCounts

SINCE = ("mended", "discarded")  # what somebody has done with a piece afterwards

strawberry.enum(JobState)
strawberry.enum(Verdict)
strawberry.enum(MistakeState)
strawberry.enum(PieceState)


@strawberry.type(name="ImportReason")
class Reason:
    """Why pieces of a file were set aside, and how many."""

    code: str
    zh: str
    en: str
    count: int


@strawberry.type(name="ImportedEncoding")
class Encoding:
    """What records of a file were written in, and how many."""

    name: str
    count: int


@strawberry.type(name="ImportedItems")
class Items:
    """What became of the copies; ``refused`` could not be read, ``duplicates`` have a twin."""

    read: int
    new: int
    updated: int
    unchanged: int
    duplicates: int
    refused: int


@strawberry.type(name="CatalogueImport")
class Import:
    """What one import did. In = new + updated + unchanged + quarantined, if it was of records.

    ``repairs`` are what was put right to be read; ``undos`` are the jobs that took it back.
    """

    id: UUID
    kind: str
    file: str
    state: JobState
    failure: str | None
    begun_at: datetime
    ended_at: datetime | None
    dry_run: bool
    read: int
    new: int
    updated: int
    unchanged: int
    quarantined: int
    authorities: int
    deleted: int
    mended: int
    discarded: int
    reasons: list[Reason]
    encodings: list[Encoding]
    repairs: list[Reason]
    items: Items
    undos: list[UUID]

    @classmethod
    def of(cls, job: Job, file: str, undos: Sequence[Job]) -> Self:
        report = job.report or {}
        return cls(
            id=job.id,
            kind=job.kind,
            file=file,
            state=job.state,
            failure=job.failure,
            begun_at=job.created_at,
            ended_at=None if job.state in OPEN else job.heartbeat,
            dry_run=report.get("dry_run", False),
            reasons=reasons(report.get("reasons", {})),
            encodings=[
                Encoding(name=name, count=count)
                for name, count in often(report.get("encodings", {}))
            ],
            repairs=reasons(report.get("repairs", {})),
            items=items(report if job.kind == service.SHEET else report.get("items", {})),
            undos=[undo.id for undo in undos],
            **{name: report.get(name, 0) for name in (*COUNTED, *SINCE)},
        )


@strawberry.type(name="QuarantinedPiece")
class Piece:
    """A piece of a file that was set aside, and why, in both languages."""

    id: UUID
    ordinal: int
    byte_offset: float  # beyond what an Int holds
    size: int
    reason: str
    zh: str
    en: str
    state: PieceState
    became: UUID | None

    @classmethod
    def of(cls, row: Quarantined) -> Self:
        return cls(**asdict(schemas.QuarantinedView.of(row)))


@strawberry.type(name="CatalogueRecord")
class Record:
    """One of two titles that may be the same."""

    id: UUID
    control_number: str
    agency: str
    title: str
    responsibility: str
    publisher: str
    year: int | None
    isbn: list[str]
    suppressed: bool
    withdrawn: bool

    @classmethod
    def of(cls, view: schemas.RecordView) -> Self:
        title = view.title
        return cls(
            id=view.id,
            control_number=view.control_number,
            agency=view.agency,
            title=title.full,
            responsibility=title.responsibility,
            publisher=title.publisher,
            year=title.year,
            isbn=[one.isbn13 or one.written for one in title.isbn],
            suppressed=view.suppressed,
            withdrawn=view.withdrawn,
        )


@strawberry.type(name="Duplicate")
class Pair:
    """Two titles that may be the same, the older one first, and the rule that says so."""

    id: UUID
    rule: str
    verdict: Verdict
    first: Record
    second: Record

    @classmethod
    def of(cls, view: schemas.TwinView) -> Self:
        return cls(
            id=view.id,
            rule=view.rule,
            verdict=view.verdict,
            first=Record.of(view.first),
            second=Record.of(view.second),
        )


@strawberry.type(name="Mistake")
class Mistake:
    """What a reader has reported; who that was is told to nobody."""

    id: UUID
    record: UUID
    title: str
    words: str
    state: MistakeState
    answer: str
    created_at: datetime
    answered_at: datetime | None

    @classmethod
    def of(cls, view: MistakeView) -> Self:
        return cls(**asdict(view))


@strawberry.type
class CatalogueQueries:
    @strawberry.field
    async def imports(
        self, info: Info, after: str | None = None, limit: int = 50
    ) -> Listing[Import]:
        """The imports of this branch, newest first."""

        async def told(session: AsyncSession, jobs: list[Job]) -> list[Import]:
            names = await service.file_names(session, jobs)
            undos = await service.undos_of(session, jobs)
            return [Import.of(job, names.get(job.id, ""), undos.get(job.id, ())) for job in jobs]

        return await listing(info, service.imports(), told, after=after, limit=limit)

    @strawberry.field
    async def quarantined(
        self, info: Info, import_id: UUID, after: str | None = None, limit: int = 50
    ) -> Listing[Piece]:
        """What an import set aside, newest first."""

        async def told(session: AsyncSession, rows: list[Quarantined]) -> list[Piece]:
            await service.imported(session, import_id)
            return [Piece.of(row) for row in rows]

        rows = service.quarantined(import_id)
        return await listing(info, rows, told, after=after, limit=limit)

    @strawberry.field
    async def duplicates(
        self,
        info: Info,
        verdict: Verdict = Verdict.OPEN,
        after: str | None = None,
        limit: int = 50,
    ) -> Listing[Pair]:
        """Titles that may be the same, or those that somebody has decided on, newest first."""

        async def told(session: AsyncSession, twins: list[Twin]) -> list[Pair]:
            return [Pair.of(view) for view in await deciding.views(session, twins)]

        return await listing(info, deciding.listed(verdict), told, after=after, limit=limit)

    @strawberry.field
    async def mistakes(
        self, info: Info, answered: bool = False, after: str | None = None, limit: int = 50
    ) -> Listing[Mistake]:
        """What readers have reported and nobody has answered yet, or what was, newest first."""

        async def told(session: AsyncSession, rows: list[Reported]) -> list[Mistake]:
            return [Mistake.of(view) for view in await told_mistakes(session, rows)]

        rows = mistakes.listed(answered=answered)
        return await listing(info, rows, told, after=after, limit=limit)


def reasons(counts: Mapping[str, int]) -> list[Reason]:
    """The most frequent one first."""
    return [
        Reason(code=code, zh=label(code, "zh"), en=label(code, "en"), count=count)
        for code, count in often(counts)
    ]


def often(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent one first."""
    return sorted(counts.items(), key=lambda told: (-told[1], told[0]))


def items(report: Mapping[str, int]) -> Items:
    return Items(**{name: report.get(name, 0) for name in ItemCounts.__struct_fields__})
