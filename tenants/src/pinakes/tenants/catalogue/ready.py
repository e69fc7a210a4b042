"""One record of a file made ready to be stored: its key, its digest, what it says, its copies."""

import re
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from pinakes.platform.text import sort_key
from pinakes.tenants.catalogue.marc import Broken, Found, Item, Record, Title, items_of, title_of
from pinakes.tenants.catalogue.marc.coded import agency

LONGEST_KEY = 300  # characters; what is longer is known by its digest
NUL = "\x00"  # PostgreSQL stores it in no text

LIVE, DELETED = "live", "deleted"


class Ready(NamedTuple):
    """What one batch writes about one record; ``description`` is JSON, empty for a heading."""

    ordinal: int
    key: str
    control_number: str
    agency: str
    digest: bytes
    dialect: str
    encoding: str
    state: str
    raw: bytes
    description: bytes
    sort_key: str
    isbn13: str
    form: str
    items: list[Item]
    repairs: tuple[str, ...]

    @property
    def authority(self) -> bool:
        return not self.description


def ready(found: Found, profile: str | None = None) -> Ready | Broken:
    """*found*, ready to be stored, or the reason why it cannot be."""
    if isinstance(found, Broken):
        return found
    record = without_nul(found)
    if record.authority:
        return _ready(record, None, [])
    if record.holding:
        return Broken(record.raw, record.offset, record.ordinal, "holdings_record")
    title = title_of(record)
    if not title.title and not record.deleted:
        return Broken(record.raw, record.offset, record.ordinal, "no_title")
    return _ready(record, title, items_of(record, profile))


def without_nul(record: Record) -> Record:
    if NUL.encode() not in record.raw:
        return record
    fields = tuple((tag, text.replace(NUL, "")) for tag, text in record.fields)
    return msgspec.structs.replace(record, fields=fields)


def _ready(record: Record, title: Title | None, items: list[Item]) -> Ready:
    number = title.control_number if title else record.control("001")
    source = title.agency if title else agency(record)
    digest = digest_of(record)
    return Ready(
        record.ordinal,
        key_of(number, source, digest),
        number,
        source,
        digest,
        record.dialect.value,
        record.encoding,
        DELETED if record.deleted else LIVE,
        record.raw,
        msgspec.json.encode(title) if title else b"",
        sort_key(title.filing or title.title) if title else "",
        first_isbn(title) if title else "",
        title.form if title else "",
        items,
        record.repairs,
    )


def first_isbn(title: Title) -> str:
    """The first ISBN whose check digit is right, as 13 digits, or nothing."""
    return next((one.isbn13 for one in title.isbn if one.isbn13), "")


def digest_of(record: Record) -> bytes:
    """What the record says, in 16 bytes: equal for the same fields in any encoding or packing."""
    fields = "\x1e".join([tag + text for tag, text in record.fields])
    return blake2b(f"{record.leader[5:9]}\x1e{fields}".encode(), digest_size=16).digest()


def key_of(number: str, source: str, digest: bytes) -> str:
    """What a later file is matched by: ``(AGENCY)NUMBER``, else the digest."""
    key = f"({source}){number}" if number else f"={digest.hex()}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"#{blake2b(key.encode(), digest_size=16).hexdigest()}"


KIND = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def kind_of(item: Item, form: str) -> str:
    """What lending rules tell items apart by: the word as written if it serves, else the form."""
    written = item.kind.strip().lower()
    return written if KIND.fullmatch(written) else (form or "book")
