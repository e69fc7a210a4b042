"""What independent readers found in the shared files (data/README.md), against what we find."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from marcs import DATA, data_file

from pinakes.tenants.catalogue.marc import Broken, UnknownFormat, read

README = "README.md"
ROW = re.compile(
    r"^\| ((?:marc21|marcxml|unimarc|cnmarc)/\S+) \|[^|]*\| ([^|]*records[^|]*)\|", re.M
)
COUNT = re.compile(r"([0-9,]+) (?:ISO 2709|XML) records")
FAILED = re.compile(r"^- ((?:marc21|cnmarc|unimarc)/\S+): ([0-9]+) records, pymarc", re.M)
NOT_XML = re.compile(r"^- (marc21/\S+): not well-formed", re.M)
UNICODE = re.compile(r"^Leader/09 blank.*$", re.M)
MORE = {  # that we count beyond others
    "marc21/evergreen-*": 1812,  # theirs are the two files that have no row of their own
    "marc21/malformed/*": 13,  # the three below, and 10 in files that are not well-formed XML
    "marc21/malformed/libmarc-record-perl/badldr.usmarc": 1,  # a byte after the last record
    "marc21/malformed/pymarc/bad_records.mrc": 1,  # a last record that is cut off
    "marc21/malformed/yaz/marc4.marc": 1,  # four digits astray in front of the record
}


def counted(path: Path) -> int:
    """How many pieces a file has; none when it is no MARC."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in read(file))
    except UnknownFormat:
        return 0


def files(pattern: str) -> Iterator[Path]:
    whole = pattern.removesuffix("/*")
    found = DATA.glob(pattern) if whole == pattern else (DATA / whole).rglob("*")
    return (path for path in found if path.is_file())


def readme() -> str:
    return data_file(README).read_text("utf-8")


def test_every_row_has_as_many_records_as_others_counted() -> None:
    rows = ROW.findall(readme())
    for pattern, told in rows:
        theirs = sum(int(number.replace(",", "")) for number in COUNT.findall(told))
        assert sum(map(counted, files(pattern))) - theirs == MORE.get(pattern, 0), pattern
    assert len(rows) > 20


def test_what_others_could_not_read_is_counted_all_the_same() -> None:
    found = FAILED.findall(readme())
    for name, theirs in found:
        assert counted(data_file(name)) - int(theirs) == MORE.get(name, 0), name
    assert len(found) > 20


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        # The parser meets one record at a time, so two roots are no error to it.
        ("marc21/malformed/evergreen/serials_marc21-two-roots.xml", 0),
        ("marc21/malformed/koha/invalid-control-char.marcxml", 1),
        ("marc21/malformed/marcthulhu/loc_illegal_subfield_code.xml", 1),
    ],
)
def test_xml_that_is_not_well_formed_is_set_aside_record_by_record(name: str, broken: int) -> None:
    assert name in NOT_XML.findall(readme())
    with data_file(name).open("rb") as file:
        reasons = [one.reason for one in read(file) if isinstance(one, Broken)]
    assert reasons == ["xml_malformed"] * broken


def test_a_leader_that_denies_being_unicode_is_not_believed() -> None:
    [line] = UNICODE.findall(readme())
    names = re.findall(r"(?:marc21|cnmarc|unimarc)/[\w./+-]+\w", line)
    mangled = (
        "marc21/malformed/marc4j/chinese_mangled_multibyte.mrc"  # MARC-8 that lost its escapes
    )
    assert mangled in names
    for name in names:
        with data_file(name).open("rb") as file:
            found = {getattr(one, "encoding", "") for one in read(file)} - {""}
        assert found <= {"utf-8", "ascii"} or name == mangled, name
