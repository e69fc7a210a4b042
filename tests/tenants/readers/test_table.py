"""Readers in a table: every line is read, or refused with a reason."""

import csv
from datetime import date
from io import StringIO

import pytest

from pinakes.platform.spreadsheet import lines
from pinakes.tenants.readers.table import (
    REASONS,
    Line,
    Row,
    TableUnreadable,
    decoded,
    read,
)

LINE = "card,name,kind,born,contact,pin,old_barcodes,expires\n{}\n"


def one(cells: str) -> Line:
    (line,) = read(LINE.format(cells).encode())
    return line


def test_a_line_is_a_reader() -> None:
    line = one("A1, 王小明 ,child,2001/2/3,ada@example.org,274915,B1;B2；B3,20301231")
    assert line == Line(
        2,
        Row(
            numbers=["A1", "B1", "B2", "B3"],
            card=True,
            name="王小明",
            kind="child",
            born=date(2001, 2, 3),
            contact="ada@example.org",
            pin="274915",
            expires=date(2030, 12, 31),
        ),
    )


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",王,,,,,,", "card_missing"),
        ("A\x07B,王,,,,,,", "card_malformed"),
        (f"{'x' * 41},王,,,,,,", "card_malformed"),
        (f"A,王,,,,,B;{'x' * 41},", "card_malformed"),
        ("A,,,,,,,", "name_missing"),
        (f"A,{'王' * 201},,,,,,", "name_missing"),
        ("A,王,Grown Up,,,,,", "kind_unknown"),
        ("A,王,,2001-02-30,,,,", "day_malformed"),
        ("A,王,,yesterday,,,,", "day_malformed"),
        ("A,王,,,,,,99999", "day_malformed"),
        (f"A,王,,,{'x' * 301},,,", "contact_too_long"),
        ("A,王,,,,12345,,", "pin_malformed"),
        ("A,王,,,,１２３４５６,,", "pin_malformed"),
        ("A,王,,,,,,,more", "cells_too_many"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(cells: str, reason: str) -> None:
    assert one(cells) == Line(2, None, reason)
    assert all(REASONS[reason])


def test_the_second_of_two_lines_with_one_barcode_is_refused() -> None:
    lines = read(b"card,name,old_barcodes\nA,x,B\nC,y,B\nB,z,\nD,w,\n")
    assert [line.reason for line in lines] == [None, "barcode_twice", "barcode_twice", None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_spreadsheets_write_in_several_ways(encoding: str) -> None:
    data = "证号,姓名,读者类型\r\nA1,欧阳𠮷,adult\r\n\r\n".encode(encoding)
    (line,) = read(data)
    assert line.row
    assert (line.row.numbers, line.row.name) == (["A1"], "欧阳𠮷")


def test_a_column_that_is_not_there_says_nothing() -> None:
    (line,) = read(b"card,name\nA,x\n")
    assert line.row == Row(numbers=["A"], card=True, name="x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"name\nx\n",
        b"card,card,name\n",
        b"card,name,salary\n",
        b"\xff\xfe\x00",
        b"\x80\x81\xff",
        b"card,name\nA,\x00\n",
        b'card,name\nA,"x\nB,y\n',
        b'card,name\nA,"x"y\n',
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    ],
)
def test_what_is_no_table_is_refused_whole(data: bytes) -> None:
    with pytest.raises(TableUnreadable):
        read(data)


def test_a_cell_of_any_size_is_answered() -> None:
    with pytest.raises(TableUnreadable):
        read(b"card,name\nA," + b"x" * 200_000 + b"\n")


def test_no_spreadsheet_runs_a_cell_and_the_way_back_is_open() -> None:
    rows = [["=cmd|' /C calc'!A0", "+1"], ["-2", "@SUM(A1)"], ["'quoted", "王\n明"], ["'=x", "''"]]
    data = lines([["card", "name"], *rows])
    cells = list(csv.reader(StringIO(decoded(data), newline="")))[1:]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in cells for cell in row)
    again = [[line.row.numbers[0], line.row.name] for line in read(data) if line.row]
    assert again == rows
