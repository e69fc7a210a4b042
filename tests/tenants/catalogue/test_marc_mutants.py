"""Thousands of damaged records: no crash, no hang, no byte lost or counted twice."""

import gzip
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from random import Random
from time import process_time

import pytest
from marcs import data_file

from pinakes.main.demo.marc import records
from pinakes.tenants.catalogue.marc import (
    Dialect,
    Record,
    items_of,
    read,
    sentence,
    title_of,
)
from pinakes.tenants.catalogue.marc.lines import seen
from pinakes.tenants.catalogue.marc.writing import as_iso2709, as_marcxml

MUTANTS = 2000  # two of them at a time
IN_XML = 200  # of them
SPOKEN = {Dialect.MARC21: "marc21", Dialect.UNIMARC: "cnmarc"}
INSERTED = (b"\x1d", b"\x1e", b"\x1f", b"\r\n", b"\x00", b"\x1b$1", b"\xff", "乱".encode())
TAGS = (b"<", b">", b"</record>", b"<record>", b"&", b"&#0;", b'"', b"\xff")
HIDING = (b"<!--", b"-->", b"<![CDATA[", b"]]>")
NUMBERS = (b"99999", b"00000", b"-0001", b"abcde")
FILLER = b"\r\n\t\x00\x1a \x1d\xef\xbb\xbf"
REAL = (  # MARC-8, with escapes and without, GB18030, KOI8-R, and both dialects in UTF-8
    "marc21/evergreen-lul_fre_500.mrc.gz",
    "marc21/evergreen-hebrew.mrc.gz",
    "marc21/lc-books-2016-nonroman.mrc.gz",
    "cnmarc/derived-lc-chinese-gb18030.iso.gz",
    "cnmarc/derived-lc-chinese-utf8.iso.gz",
    "unimarc/idzebra-rusmarc.mrc",
)
REAL_XML = (  # with wrappers called record, with a prefix, and with line breaks or none
    "marcxml/lc-books-2016-general.marcxml.gz",
    "marcxml/koha-demo-bibs.marcxml.gz",
    "cnmarc/dp2-sru-unimarcxml.xml",
    "protocol/sru/catmandu-marcxml_ns_prefix.xml",
)


def damaged(draw: Random, record: bytes) -> bytes:
    """The record with one to twenty things wrong with it."""
    made = bytearray(record)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        at = draw.randrange(len(made) + 1)
        match draw.randrange(6):
            case 0:
                made[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del made[at : at + draw.randrange(1, 40)]
            case 2:
                made[at:at] = draw.choice(INSERTED)
            case 3:
                made[0:5] = draw.choice(NUMBERS)
            case 4:
                made[12:17] = draw.choice(NUMBERS)
            case _:
                made[at:at] = draw.randbytes(draw.randrange(1, 20))
    return bytes(made)


def real(names: Sequence[str]) -> list[bytes]:
    """Sound records of other people's catalogues."""
    found: list[bytes] = []
    for name in names:
        file = data_file(name).read_bytes()
        pieces = read(BytesIO(gzip.decompress(file) if name.endswith(".gz") else file))
        found += [one.raw for one in pieces if isinstance(one, Record) and not one.repairs]
    return found


@pytest.mark.parametrize("source", ["cnmarc", "marc21", "real"])
def test_nothing_is_lost_and_nothing_hangs(source: str) -> None:
    good = real(REAL) if source == "real" else list(records(100, dialect=source))
    assert torture(Random(42), good, (MUTANTS - IN_XML) // 2) < 1


@pytest.mark.parametrize("dialect", Dialect)
def test_nothing_sound_is_lost_in_xml(dialect: Dialect) -> None:
    made = [as_marcxml(raw, dialect, "utf-8").raw for raw in records(50, dialect=SPOKEN[dialect])]
    torture_xml(Random(42), [element.strip() for element in made], IN_XML // len(Dialect))


@pytest.mark.parametrize("name", REAL_XML)
def test_nothing_sound_is_lost_in_real_xml(name: str) -> None:
    torture_xml(Random(42), real([name]), IN_XML // len(REAL_XML))


@pytest.mark.parametrize("hiding", HIDING)
def test_nothing_behind_an_opener_or_a_closer_is_lost(hiding: bytes) -> None:
    draw, good = Random(42), real(REAL_XML[:1])
    for _ in range(10):
        element = draw.choice(good)
        at = draw.randrange(len(element) + 1)
        _check_xml(draw.sample(good, 3), element[:at] + hiding + element[at:], draw.sample(good, 3))


def torture_xml(draw: Random, good: Sequence[bytes], times: int) -> None:
    """Each time a damaged element between two good ones."""
    for _ in range(times):
        _check_xml([draw.choice(good)], torn(draw, draw.choice(good)), [draw.choice(good)])


def torn(draw: Random, element: bytes) -> bytes:
    """The element with one to five things wrong with it."""
    made = bytearray(element)
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(made) + 1)
        match draw.randrange(3):
            case 0:
                made[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del made[at : at + draw.randrange(1, 60)]
            case _:
                made[at:at] = draw.choice(TAGS + HIDING)
    return bytes(made)


def _check_xml(before: Sequence[bytes], broken: bytes, behind: Sequence[bytes]) -> None:
    """What stands around the damage comes in; each piece is a record or tells why not."""
    data = b"".join((b"<collection>", *before, broken, *behind, b"</collection>"))
    pieces = list(read(BytesIO(data)))
    read_well = [piece.raw for piece in pieces if isinstance(piece, Record)]
    assert read_well[: len(before)] == before
    assert read_well[-len(behind) :] == behind
    assert [piece.ordinal for piece in pieces] == list(range(1, len(pieces) + 1))
    for piece, following in pairwise(pieces):
        assert piece.offset + len(piece.raw) <= following.offset
    for piece in pieces:
        assert data[piece.offset : piece.offset + len(piece.raw)] == piece.raw
        if isinstance(piece, Record):
            title_of(piece)
            items_of(piece)
        else:
            assert sentence(piece.reason, piece.facts, "en") != piece.reason


def torture(draw: Random, good: Sequence[bytes], times: int) -> float:
    """Each time a good record between two damaged ones; the seconds that the slowest took."""
    slowest = 0.0
    for _ in range(times):
        sound = draw.choice(good)
        data = damaged(draw, draw.choice(good)) + sound + damaged(draw, sound)
        started = process_time()
        _check(data, sound)
        slowest = max(slowest, process_time() - started)
    return slowest


def _check(data: bytes, sound: bytes) -> None:
    end, pieces = 0, list(read(BytesIO(data)))
    for piece in pieces:
        assert data[piece.offset : piece.offset + len(piece.raw)] == piece.raw
        assert not data[end : piece.offset].strip(FILLER)
        end = piece.offset + len(piece.raw)
        if isinstance(piece, Record):
            title_of(piece)
            items_of(piece)
            as_marcxml(piece.raw, piece.dialect, piece.encoding)
            assert not as_iso2709(piece.raw, piece.dialect, piece.encoding, kept=False).trouble
        else:
            assert sentence(piece.reason, piece.facts, "en") != piece.reason
            assert seen(piece.raw, "utf-8")
    assert not data[end:].strip(FILLER)
    assert [piece.raw for piece in pieces].count(sound) == data.count(sound)
