"""The shared test data: every file is read to its end, and every piece of it is counted."""

from collections import Counter
from unicodedata import normalize

import pytest
from marcs import DATA, data_file

from pinakes.tenants.catalogue.marc import (
    Broken,
    Dialect,
    Record,
    UnknownFormat,
    items_of,
    read,
    title_of,
)
from pinakes.tenants.catalogue.marc.directory import Unreadable
from pinakes.tenants.catalogue.marc.encodings import decode

COUNTS = {  # data/README.md: records, and what we set aside of them
    "marc21/lc-books-2016-chinese.mrc.gz": (4935, 0),
    "marc21/lc-books-2016-nonroman.mrc.gz": (3321, 0),
    "marc21/watson-StateDeptPDFs.mrc.gz": (231, 0),
    "marc21/watson-TOAH_2021.mrc.gz": (660, 0),
    "marc21/evergreen-jazz_1k.mrc.gz": (642, 3),  # marks before a dash, and for apostrophes
    "marc21/evergreen-lul_fre_500.mrc.gz": (342, 0),
    "marc21/evergreen-hebrew.mrc.gz": (11, 0),
    "marc21/evergreen-nepali.mrc.gz": (61, 0),
    "marc21/evergreen-FSL.mrc": (52, 0),
    "marc21/fixtures/idzebra/sample-marc": (24, 1),  # Danish in Latin-1
    "marc21/fixtures/libcatmandu-marc-perl/bu_bibs.mrc.gz": (100, 8),
    "marc21/fixtures/libmarc-record-perl/cameleof.usmarc": (10, 0),
    "marc21/fixtures/libmarc-record-perl/filler.usmarc": (3, 0),
    "marc21/fixtures/libmarc-schema-perl/journals.mrc.gz": (100, 0),
    "marc21/fixtures/marc4j/sample1.mrc": (8, 1),
    "marc21/malformed/qa-catalogue/000-line-seperated.mrc": (20, 0),
    "marc21/malformed/libmarc-perl/badmarc.dat": (4, 1),
    "marc21/malformed/libmarc-record-perl/baddir.usmarc": (1, 1),
    # README counts 6, and a byte after the last record: that byte is counted here too.
    "marc21/malformed/libmarc-record-perl/badldr.usmarc": (7, 1),
    # README counts 8, and 100 bytes of a ninth, which is cut off.
    "marc21/malformed/pymarc/bad_records.mrc": (9, 4),
    # Four digits astray in front of the only record.
    "marc21/malformed/yaz/marc4.marc": (2, 1),
    # pymarc fails on 85. The other 29 hold East Asian text whose escapes were filtered out.
    "marc21/malformed/marc4j/pride-and-prejudice-with-many-errors.mrc.gz": (383, 114),
    "marc21/malformed/marc4j/bad_hathi_records.mrc.gz": (5, 0),
    "marcxml/lc-books-2016-general.marcxml.gz": (3225, 0),
    "marcxml/koha-demo-bibs.marcxml.gz": (296, 0),
    "marcxml/koha-demo-authorities.marcxml.gz": (1123, 0),
    "marcxml/evergreen-concerto-bibs.marcxml.gz": (160, 0),
    "unimarc/idzebra-rusmarc.mrc": (48, 0),
    "unimarc/marcjs-bib.mrc": (6, 0),
    "unimarc/marcjs-bib.xml": (6, 0),
    "unimarc/qa-serial.bnr.1993.mrc": (11, 0),
    "cnmarc/derived-lc-chinese-gb18030.iso.gz": (1218, 0),
    "cnmarc/derived-lc-chinese-utf8.iso.gz": (1211, 0),
    "cnmarc/dp2-sru-cnmarcxml.xml": (6, 0),
    "cnmarc/dp2-sru-unimarcxml.xml": (6, 0),
    "cnmarc/dp2-sru-marc21-chinese.xml": (6, 0),
    "cnmarc/dp2-template-book.xml.gz": (4, 0),
}
ENOUGH = 500  # records of one file whose meaning is looked at
FAMILIES = ("marc21", "marcxml", "unimarc", "cnmarc")
NO_MARC = (".json", ".mij", ".mrk", ".txt", ".mrctxt", ".txt.gz", ".marcmaker", "isohold.xml")


def records(name: str) -> list[Record]:
    with data_file(name).open("rb") as file:
        return [piece for piece in read(file) if isinstance(piece, Record)]


@pytest.mark.parametrize("name", COUNTS)
def test_a_file_holds_what_others_found_in_it(name: str) -> None:
    with data_file(name).open("rb") as file:
        pieces = list(read(file))
    broken = [piece for piece in pieces if isinstance(piece, Broken)]
    assert (len(pieces), len(broken)) == COUNTS[name]
    assert [piece.ordinal for piece in pieces] == list(range(1, len(pieces) + 1))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_file_of_a_family_is_read_or_refused(family: str) -> None:
    found: Counter[str] = Counter()
    for path in sorted(data_file(family).rglob("*")):
        if not path.is_file() or "expect" in path.parent.name or path.name in COUNTS:
            continue
        try:
            with path.open("rb") as file:
                for piece in read(file):
                    found[type(piece).__name__] += 1
                    if isinstance(piece, Record) and piece.ordinal < ENOUGH:
                        title_of(piece)
                        items_of(piece)
        except UnknownFormat:
            assert path.name.endswith(NO_MARC) or "dp2-marc" in path.name, path
    assert found["Record"] > found["Broken"] * 10


def test_both_packings_of_the_same_records_say_the_same() -> None:
    packed = [record.fields for record in records("unimarc/marcjs-bib.mrc")]
    assert packed == [record.fields for record in records("unimarc/marcjs-bib.xml")]


def test_both_encodings_of_a_catalogue_are_recognised() -> None:
    for name, encoding in (("gb18030", "gb18030"), ("utf8", "utf-8")):
        found = records(f"cnmarc/derived-lc-chinese-{name}.iso.gz")
        assert {(r.encoding, r.dialect) for r in found} == {(encoding, Dialect.UNIMARC)}
    assert {r.encoding for r in records("unimarc/idzebra-rusmarc.mrc")} == {"koi8-r"}


@pytest.mark.parametrize(
    ("encoding", "most"),
    [("latin-1", 0.012), ("cp1250", 0.014), ("cp850", 0.004), ("mac-roman", 0.004)],
)
def test_what_is_in_another_set_of_latin_letters_is_not_read_as_marc8(
    encoding: str, most: float
) -> None:
    garbled = tried = 0
    for record in records("marc21/lc-books-2016-general-1.mrc.gz"):
        text = normalize("NFC", "\x1e".join(value for _, value in record.fields))
        try:
            body = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        if not body.isascii():
            tried += 1
            garbled += _read_as_marc8(body)
    assert tried > ENOUGH
    assert garbled < tried * most  # a half before marks were looked at


def _read_as_marc8(body: bytes) -> bool:
    try:
        return decode(body.split(b"\x1e"), "marc-8", Dialect.MARC21).encoding == "marc-8"
    except Unreadable:
        return False


def test_french_in_marc8_is_read_to_the_last_record() -> None:
    for part in ("100", "500"):
        found = records(f"marc21/evergreen-lul_fre_{part}.mrc.gz")
        assert {record.encoding for record in found} == {"marc-8", "ascii"}


def test_real_cnmarc_has_its_copies_in_906() -> None:
    found = records("cnmarc/dp2-sru-cnmarcxml.xml")
    first = items_of(found[0])
    assert [item.barcode for item in first] == ["1683011", "1683012", "1683013"]
    assert {item.call_number for item in first} == {"F124/26"}
    assert {item.location for item in first} == {""}
    second = [(item.barcode, item.location, item.price) for item in items_of(found[1])]
    assert second == [("1708903", "bk", "CNY80.00")]  # 906$c, B1321311, is another number
    assert title_of(found[0]).names[0].others == ("Xie Zhen",)
    assert {title_of(record).classes[0].scheme for record in found} == {"clc"}


def test_chinese_titles_of_the_library_of_congress_are_shown_in_chinese() -> None:
    titles = [title_of(record) for record in records("marc21/lc-books-2016-chinese.mrc.gz")]
    chinese = [title for title in titles if any("一" <= letter <= "鿿" for letter in title.title)]
    assert len(chinese) > 0.98 * len(titles)
    assert all(title.titles for title in chinese)
    assert sum(bool(title.year) for title in titles) > 0.98 * len(titles)


def test_a_large_library_keeps_its_copies_in_852() -> None:
    found = records("marc21/fixtures/qa-catalogue/thomas-mann.xml.gz")
    items = [item for record in found for item in items_of(record)]
    assert len(items) == 290
    assert all(item.barcode.isdigit() and item.call_number and item.location for item in items)


def test_headings_are_told_from_books() -> None:
    found = records("marcxml/koha-demo-authorities.marcxml.gz")
    assert all(record.authority for record in found)
    assert not any(record.authority for record in records("marcxml/koha-demo-bibs.marcxml.gz"))


def test_the_data_folder_is_where_we_look_for_it() -> None:
    if not DATA.exists():
        pytest.skip(f"{DATA} is not on this machine")
    assert (DATA / "README.md").is_file()
