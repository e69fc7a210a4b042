"""What a file of MARC holds: records that can be read, and pieces that cannot."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

SUBFIELD = "\x1f"
SUBFIELDS = re.compile("\x1f([^\x1f])([^\x1f]+)")
CONTROL_TAGS = frozenset(f"00{digit}" for digit in "123456789")

Field = tuple[str, str]
"""A tag and its text. A data field's text is indicators, then \x1f, code, value, …"""


class Dialect(StrEnum):
    """Which of the two families of MARC a record speaks; CNMARC is UNIMARC."""

    MARC21 = "marc21"
    UNIMARC = "unimarc"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as it came.

    ``offset`` counts bytes of the unpacked file, ``ordinal`` its pieces from 1, broken ones
    included. ``repairs`` names what had to be put right to read it (codes of ``reasons``).
    """

    leader: str
    fields: tuple[Field, ...]
    dialect: Dialect
    encoding: str
    raw: bytes
    offset: int
    ordinal: int
    repairs: tuple[str, ...] = ()

    @property
    def authority(self) -> bool:
        """True for a heading (a name, a subject) rather than a book."""
        return self.leader[6:7] in ("z" if self.dialect is Dialect.MARC21 else "xyz")

    @property
    def holding(self) -> bool:
        """True for MARC 21's separate holdings records, which describe copies, not a title."""
        return self.dialect is Dialect.MARC21 and self.leader[6:7] in ("u", "v", "x", "y")

    @property
    def deleted(self) -> bool:
        """True when its source says that it no longer exists."""
        return self.leader[5:6] == "d"

    def texts(self, tag: str) -> Iterator[str]:
        """The texts of every field with this tag, in order."""
        return (text for known, text in self.fields if known == tag)

    def control(self, tag: str) -> str:
        """The first control field of this tag without its outer blanks, or nothing."""
        return next(self.texts(tag), "").strip()

    def values(self, tag: str, codes: str) -> Iterator[str]:
        """Every value under these subfield codes in every field of this tag."""
        for text in self.texts(tag):
            for code, value in subfields(text):
                if code in codes:
                    yield value


class Broken(msgspec.Struct, frozen=True, gc=False):
    """A piece of the file that is no readable record, kept byte for byte.

    ``reason`` is a code of ``reasons``, ``facts`` fill its sentences.
    """

    raw: bytes
    offset: int
    ordinal: int
    reason: str
    facts: dict[str, Any] = {}


Found = Record | Broken


def subfields(text: str) -> list[tuple[str, str]]:
    """Codes and values of a data field; a code without a value, or none at all, is left out."""
    found: list[tuple[str, str]] = SUBFIELDS.findall(text)
    return found
