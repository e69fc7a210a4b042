"""Rows as PostgreSQL's COPY takes them, so that whoever writes them need not look at them."""

import struct
from collections.abc import Iterable

from uuid_utils import uuid7

from pinakes.tenants.catalogue.ready import Ready

HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL = struct.pack("!h", -1)
JSONB_VERSION = b"\x01"

CAME = ("key", "control_number", "agency", "digest", "dialect", "encoding", "state", "raw")
TOLD = ("title_fields", "sort_key", "isbn13")  # of titles only

_lead = struct.Struct("!hiii16s").pack
_length = struct.Struct("!i").pack


def packed(rows: Iterable[Ready]) -> list[bytes]:
    """The rows with their ordinals and fresh ids, without head and tail, in one piece if any."""
    body = b"".join([part for row in rows for part in _parts(row)])
    return [body] if body else []


def _parts(row: Ready) -> list[bytes]:
    """One row: how many columns, then the length of each and its bytes."""
    values = [
        row.key.encode(),
        row.control_number.encode(),
        row.agency.encode(),
        row.digest,
        row.dialect.encode(),
        row.encoding.encode(),
        row.state.encode(),
        row.raw,
    ]
    if not row.authority:
        values += [JSONB_VERSION + row.description, row.sort_key.encode(), row.isbn13.encode()]
    parts = [_lead(len(values) + 2, 4, row.ordinal, 16, uuid7().bytes)]
    for value in values:
        parts.append(_length(len(value)))
        parts.append(value)
    return parts
