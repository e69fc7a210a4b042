"""What travels over HTTP about the catalogue."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from msgspec import Meta, Struct

from pinakes.platform.jobs import JobState
from pinakes.platform.words import whole
from pinakes.tenants.catalogue import models
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.machine import PieceState
from pinakes.tenants.catalogue.marc import Dialect, Title, sentence

type Word = Annotated[str, Meta(max_length=40, pattern=whole(r"[A-Za-z0-9_.-]+"))]


class ImportWish(Struct, forbid_unknown_fields=True):
    """Which file to bring in; what is left out is judged record by record."""

    upload: UUID
    dialect: Dialect | None = None
    encoding: Word | None = None
    items: Word | None = None  # the table that items are read by
    dry_run: bool = False


class SheetWish(Struct, forbid_unknown_fields=True):
    """Which table of items to bring in."""

    upload: UUID
    dry_run: bool = False


class TakeinWish(Struct, forbid_unknown_fields=True):
    """Which archive to bring in: what another branch has taken along of its catalogue."""

    upload: UUID


class UndoWish(Struct, forbid_unknown_fields=True, rename={"import_": "import"}):
    """Which import is to be taken back."""

    import_: UUID


class UploadView(Struct):
    """A file that has arrived; ``id`` is what an import asks for."""

    id: UUID
    name: str
    size: int


class ImportView(Struct):
    """What an import did. ``report`` is there as soon as something is in; ``undos`` are jobs."""

    id: UUID
    kind: str
    state: JobState
    failure: str | None
    file: UploadView | None
    begun_at: datetime
    ended_at: datetime | None
    report: dict[str, Any] | None
    undos: list[UUID]


class QuarantinedView(Struct):
    """A piece of a file that was set aside, and why, in both languages."""

    id: UUID
    ordinal: int
    byte_offset: int
    size: int  # bytes that are kept: in a trial none
    reason: str
    zh: str
    en: str
    state: PieceState
    became: UUID | None  # the record, once it has been mended

    @classmethod
    def of(cls, row: models.Quarantined) -> Self:
        return cls(
            id=row.id,
            ordinal=row.ordinal,
            byte_offset=row.byte_offset,
            size=len(row.raw),
            reason=row.reason,
            zh=sentence(row.reason, row.facts, "zh"),
            en=sentence(row.reason, row.facts, "en"),
            state=row.state,
            became=row.became,
        )


class ItemTroubleView(Struct):
    """A copy that did not come into stock as the file has it."""

    id: UUID
    ordinal: int
    barcode: str
    reason: str

    @classmethod
    def of(cls, row: models.ItemTrouble) -> Self:
        return cls(row.id, row.ordinal, row.barcode, row.reason)


class KeptView(Struct):
    """What an undo left as it is, and why, in both languages."""

    id: UUID
    kind: str  # record, authority, item
    row: UUID
    known_as: str  # control number or barcode
    title: str
    reason: str
    zh: str
    en: str


class RecordView(Struct):
    """One title of this branch."""

    id: UUID
    control_number: str
    agency: str
    dialect: str
    encoding: str
    state: str
    suppressed: bool
    withdrawn: bool
    title: Title


class TwinView(Struct):
    """Two titles that may be the same, the older one first, and the rule that says so."""

    id: UUID
    rule: str
    verdict: Verdict
    first: RecordView
    second: RecordView
