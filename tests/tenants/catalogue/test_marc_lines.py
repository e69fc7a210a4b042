"""A record as lines that a person can read and change, and back."""

import pytest
from marcs import iso, one

from pinakes.tenants.catalogue.marc import Dialect, title_of
from pinakes.tenants.catalogue.marc.lines import LineWrong, parsed, seen

LINES = "LDR 00000nam a2200000 i 4500\n001 7\n245 1_ ‡aA $5 book :‡bnew\n500 __ ‡a注释"


def test_a_record_becomes_lines_and_comes_back() -> None:
    record = parsed(LINES)
    assert record.fields[1] == ("245", "1 \x1faA $5 book :\x1fbnew")
    shown = seen(record.raw, "utf-8")
    assert shown.splitlines()[1:] == LINES.splitlines()[1:]
    again = parsed(shown)
    assert again.fields == record.fields
    assert title_of(again).title == "A $5 book"


def test_a_dollar_serves_where_there_is_no_dagger() -> None:
    record = parsed("001 1\n200 1_ $a红楼梦$f曹雪芹\n801 _0 $bX")
    assert record.dialect is Dialect.UNIMARC
    assert title_of(record).title == "红楼梦"


@pytest.mark.parametrize(("text", "number"), [("245 10 $aX\nno tag", 2), ("", 1), ("24\n", 1)])
def test_a_line_without_a_tag_is_named(text: str, number: int) -> None:
    with pytest.raises(LineWrong) as wrong:
        parsed(text)
    assert wrong.value.number == number


def test_bytes_that_a_character_set_has_not_are_shown_as_such() -> None:
    raw = iso("001 1", "200 1_ $a红楼梦", encoding="gb18030")
    assert "红楼梦" not in seen(raw, "utf-8")
    assert "�" in seen(raw, "utf-8")
    assert "200 1_ ‡a红楼梦" in seen(raw, "gb18030")


def test_what_is_left_of_a_record_is_shown_field_by_field() -> None:
    raw = iso("001 123", "245 10 $aTitle", "500 __ $aNote")
    cut = raw[: raw.index(b"Note") + 2]
    assert seen(cut, "utf-8").splitlines()[1:] == ["001 123", "245 10 ‡aTitle", "500 __ ‡aNo"]
    wild = raw[:24] + b"x" + raw[24:]
    assert seen(wild, "utf-8").splitlines()[1:3] == ["001 123", "245 10 ‡aTitle"]
    sooner = raw[: raw.index(b"Title") + 2]
    assert seen(sooner, "utf-8").splitlines()[1:] == ["001 123", "245 10 ‡aTi"]
    lost = raw[:36] + b"\xff" * 3 + raw[39:]
    assert seen(lost, "utf-8").splitlines()[1:3] == ["001 123", "??? 10 ‡aTitle"]


def test_what_has_no_fields_stays_text() -> None:
    assert seen(b"<record><x/></record>", "utf-8") == "<record><x/></record>"
    assert seen(b"garbage\xff", "utf-8") == "garbage�"


def test_old_letters_are_shown_in_their_own_set() -> None:
    raw = one("001 1", "245 10 $aCafe").raw.replace(b"Cafe", b"Caf\xe2e")
    assert "Café" in seen(raw, "marc-8")
