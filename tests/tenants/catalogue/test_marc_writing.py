"""Records on their way out: what each packing can say, and what is told when it cannot."""

import pytest
from marcs import found, iso, one

from pinakes.tenants.catalogue.marc import Dialect, Record
from pinakes.tenants.catalogue.marc.writing import again, as_iso2709, as_marcxml, iso2709_of

PLAIN = ("001 1", "245 10 $aTom & <Jerry>", '500 __ $a"quoted"\r\nline')


def through_xml(record: Record) -> Record:
    made = as_marcxml(record.raw, record.dialect, record.encoding)
    [back] = found(b"<collection>" + made.raw + b"</collection>")
    assert isinstance(back, Record)
    return back


def test_signs_that_mean_something_in_xml_come_back() -> None:
    record = one(*PLAIN)
    assert through_xml(record).fields == record.fields


@pytest.mark.parametrize("line", ["245 10 $aBell\x07", "245 10 $aX$", "008 00$ar1988"])
def test_what_xml_cannot_say_is_told(line: str) -> None:
    record = one("001 1", "040 __ $aX", line)
    assert as_marcxml(record.raw, record.dialect, record.encoding).trouble == "altered"


def test_a_field_without_subfields_comes_back() -> None:
    record = one("001 1", "245 10 $aX", "FMT BK")
    assert through_xml(record).fields == record.fields


def test_bytes_that_are_not_sound_are_written_anew() -> None:
    raw = b"99999" + iso(*PLAIN)[5:]
    made = as_iso2709(raw, Dialect.MARC21, "utf-8", kept=True)
    assert made.raw != raw
    assert int(made.raw[:5]) == len(made.raw)
    back = again(made.raw, Dialect.MARC21, "utf-8")
    assert isinstance(back, Record)
    assert (back.fields, back.repairs) == (one(*PLAIN).fields, ())


@pytest.mark.parametrize("fields", [1, 12])
def test_a_record_too_long_for_its_packing_is_told_and_can_still_be_read(fields: int) -> None:
    long = tuple("500 __ $a" + "长" * 3_400 for _ in range(fields))
    record = through_xml(one("001 1", "245 10 $aX"))
    fat = Record(
        record.leader,
        record.fields + tuple(("500", "  \x1f" + line.partition("$")[2]) for line in long),
        record.dialect,
        "utf-8",
        b"",
        0,
        1,
    )
    made = iso2709_of(fat)
    assert made.trouble == "overlong"
    back = again(made.raw, fat.dialect, "utf-8")
    assert isinstance(back, Record)
    assert back.fields == fat.fields


def test_what_cannot_be_read_again_is_told() -> None:
    assert as_iso2709(b"00024junk", Dialect.MARC21, "utf-8", kept=True).trouble == "unreadable"
    assert as_marcxml(b"<record/>", Dialect.MARC21, "utf-8").trouble == "unreadable"


def test_old_letters_become_unicode_and_the_leader_says_so() -> None:
    raw = iso("001 1", "245 10 $aCafe").replace(b"Cafe", b"Caf\xe2e").replace(b"nam a", b"nam  ")
    raw = b"%05d" % len(raw) + raw[5:]
    made = as_iso2709(raw, Dialect.MARC21, "marc-8", kept=False)
    assert (made.raw[9:10], "Café".encode() in made.raw) == (b"a", True)
    assert as_iso2709(made.raw, Dialect.MARC21, "utf-8", kept=True).raw == made.raw
