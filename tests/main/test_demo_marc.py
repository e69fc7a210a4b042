"""The file of made-up books: the same every time, and as good as its word."""

from io import BytesIO
from pathlib import Path

import pymarc
import pytest
from click.testing import CliRunner

from pinakes.main.demo.marc import marc, records
from pinakes.main.demo.marc_books import book
from pinakes.tenants.catalogue.marc import Broken, Record, Title, items_of, read, title_of


def told(dialect: str, seed: int = 1) -> list[tuple[Title, tuple[str, ...]]]:
    """What each record says of its book, and its barcodes."""
    pieces = list(read(BytesIO(b"".join(records(200, dialect=dialect, seed=seed)))))
    found = [piece for piece in pieces if isinstance(piece, Record) and not piece.repairs]
    assert len(found) == 200
    return [(title_of(one), tuple(item.barcode for item in items_of(one))) for one in found]


@pytest.mark.parametrize("dialect", ["cnmarc", "marc21"])
def test_records_say_what_the_books_are(dialect: str) -> None:
    for number, (title, barcodes) in enumerate(told(dialect), 1):
        made = book(number, 1)
        assert (title.title, title.subtitle) == (made.title, made.subtitle)
        assert title.names[0].name == made.inverted
        assert title.isbn[0].isbn13 == made.isbn.replace("-", "")
        assert (title.year, title.language) == (made.year, made.language)
        assert made.topic.clc in {known.number for known in title.classes}
        assert barcodes == made.barcodes


def test_both_dialects_tell_of_the_same_books() -> None:
    pairs = zip(told("cnmarc"), told("marc21"), strict=True)
    assert all(ours.isbn[0].isbn13 == theirs.isbn[0].isbn13 for (ours, _), (theirs, _) in pairs)


def test_another_reader_reads_them_too() -> None:
    data = b"".join(records(50, dialect="marc21"))
    found = [record for record in pymarc.MARCReader(BytesIO(data)) if record]
    assert len(found) == 50
    assert all(record["245"]["a"] for record in found)


def test_barcodes_and_numbers_are_used_once() -> None:
    books = [book(number, 1) for number in range(2000)]
    barcodes = [barcode for one in books for barcode in one.barcodes]
    assert len(set(barcodes)) == len(barcodes)
    assert len({one.title for one in books}) > 1000


@pytest.mark.parametrize("broken", [0, 7, 50])
def test_broken_records_are_as_many_as_asked(tmp_path: Path, broken: int) -> None:
    file = tmp_path / "books.mrc"
    options = [str(file), "--records", "50", "--broken", str(broken), "--seed", "3"]
    result = CliRunner().invoke(marc, options)
    assert result.exit_code == 0, result.output
    assert f"50 records, {broken} broken" in result.output
    with file.open("rb") as stream:
        pieces = list(read(stream))
    assert sum(isinstance(piece, Broken) for piece in pieces) == broken
    assert sum(isinstance(piece, Record) for piece in pieces) == 50


def test_there_are_not_more_broken_records_than_good_ones(tmp_path: Path) -> None:
    options = [str(tmp_path / "x"), "--records", "1", "--broken", "2"]
    assert CliRunner().invoke(marc, options).exit_code == 2


def test_the_same_seed_writes_the_same_file() -> None:
    first, again = (b"".join(records(20, broken=2)) for _ in range(2))
    assert first == again


def test_files_of_two_seeds_have_no_number_in_common() -> None:
    one, other = ({title.control_number for title, _ in told("cnmarc", seed)} for seed in (1, 2))
    assert len(one) == len(other) == 200
    assert not one & other
