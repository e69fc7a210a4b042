"""ISO 2709: one piece of a file to one record, or to the reason why not."""

from typing import NamedTuple

from pinakes.tenants.catalogue.marc.dialects import dialect_of
from pinakes.tenants.catalogue.marc.directory import Unreadable, Walked, stated, walk
from pinakes.tenants.catalogue.marc.encodings import claimed_by, decode
from pinakes.tenants.catalogue.marc.framing import KEPT, LIMIT, Piece
from pinakes.tenants.catalogue.marc.record import Broken, Dialect, Found, Record


class Told(NamedTuple):
    """What the caller knows about the file better than the file itself."""

    dialect: Dialect | None = None
    encoding: str | None = None


def found(piece: Piece, ordinal: int, told: Told) -> Found:
    """The record in a piece, or the piece with what is wrong with it."""
    if piece.reason:
        declared = stated(piece.raw)
        facts = {"actual": len(piece.raw), "declared": declared, "limit": LIMIT, "kept": KEPT}
        return Broken(piece.raw, piece.offset, ordinal, piece.reason, facts)
    try:
        return _record(piece, walk(piece.raw), ordinal, told)
    except Unreadable as error:
        return Broken(piece.raw, piece.offset, ordinal, error.reason, error.facts)


def _record(piece: Piece, walked: Walked, ordinal: int, told: Told) -> Record:
    tags = walked.tags
    dialect = told.dialect or dialect_of(tags)
    coded = walked.parts[tags.index("100")] if "100" in tags else b""
    claimed = claimed_by(dialect, walked.leader, coded)
    texts, encoding, repairs = decode(walked.parts, claimed, dialect, told.encoding)
    return Record(
        walked.leader,
        tuple(zip(tags, texts, strict=True)),
        dialect,
        encoding,
        piece.raw,
        piece.offset,
        ordinal,
        walked.repairs + repairs,
    )
