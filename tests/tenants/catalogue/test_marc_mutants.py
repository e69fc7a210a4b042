"""Thousands of damaged records: no crash, no hang, no byte lost or counted twice."""

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from random import Random
from time import process_time

import pytest
from mutants import HIDING, REAL, REAL_XML, damaged, real, torn

from pinakes.main.demo.marc import records
from pinakes.tenants.catalogue.batches import Batch, portion
from pinakes.tenants.catalogue.marc import Dialect, Found, Record, read, sentence
from pinakes.tenants.catalogue.marc.lines import seen
from pinakes.tenants.catalogue.marc.writing import as_iso2709, as_marcxml
from pinakes.tenants.catalogue.ready import ready

MUTANTS = 2000  # of real records for each seed, two of them at a time
IN_XML = 200  # of them
SPOKEN = {Dialect.MARC21: "marc21", Dialect.UNIMARC: "cnmarc"}
FILLER = b"\r\n\t\x00\x1a \x1d\xef\xbb\xbf"


@pytest.mark.parametrize("source", ["cnmarc", "marc21", "real"])
def test_nothing_is_lost_and_nothing_hangs(source: str, seed: int) -> None:
    good = real(REAL) if source == "real" else list(records(100, dialect=source))
    assert torture(Random(seed), good, (MUTANTS - IN_XML) // 2) < 1


@pytest.mark.parametrize("dialect", Dialect)
def test_nothing_sound_is_lost_in_xml(dialect: Dialect, seed: int) -> None:
    made = [as_marcxml(raw, dialect, "utf-8").raw for raw in records(50, dialect=SPOKEN[dialect])]
    torture_xml(Random(seed), [element.strip() for element in made], IN_XML // len(Dialect))


@pytest.mark.parametrize("name", REAL_XML)
def test_nothing_sound_is_lost_in_real_xml(name: str, seed: int) -> None:
    torture_xml(Random(seed), real((name,)), IN_XML // len(REAL_XML))


@pytest.mark.parametrize("hiding", HIDING)
def test_nothing_behind_an_opener_or_a_closer_is_lost(hiding: bytes, seed: int) -> None:
    draw, good = Random(seed), real(REAL_XML[:1])
    for _ in range(10):
        element = draw.choice(good)
        at = draw.randrange(len(element) + 1)
        _check_xml(draw.sample(good, 3), element[:at] + hiding + element[at:], draw.sample(good, 3))


def torture_xml(draw: Random, good: Sequence[bytes], times: int) -> None:
    """Each time a damaged element between two good ones."""
    for _ in range(times):
        _check_xml([draw.choice(good)], torn(draw, draw.choice(good)), [draw.choice(good)])


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
    _check_rows(pieces)


def _check_rows(pieces: Sequence[Found]) -> None:
    """Each piece becomes one row, gives way to a later one of its key, or has a reason in words."""
    batch = Batch()
    for piece in pieces:
        batch.take(ready(piece))
    made = portion(batch)
    told = made.counts
    fates = len(batch.rows) + told.updated + told.unchanged + told.quarantined
    assert told.read == fates == len(pieces)
    assert all(sentence(one.reason, one.facts, "en") != one.reason for one in made.broken)


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
            as_marcxml(piece.raw, piece.dialect, piece.encoding)
            assert not as_iso2709(piece.raw, piece.dialect, piece.encoding, kept=False).trouble
        else:
            assert seen(piece.raw, "utf-8")
    _check_rows(pieces)
    assert not data[end:].strip(FILLER)
    assert [piece.raw for piece in pieces].count(sound) == data.count(sound)
