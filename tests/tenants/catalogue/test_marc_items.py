"""Copies are found where each dialect and each system keeps them."""

from io import BytesIO
from uuid import UUID

import pytest
from marcs import one

from pinakes.tenants.catalogue.marc import Item, items_of
from pinakes.tenants.catalogue.marc.items import UnknownProfile
from pinakes.tenants.catalogue.marc.sheet import NoItems, TableUnclear, lines
from pinakes.tenants.catalogue.stock import Copy, new_item
from pinakes.tenants.items.schemas import FoundItem

CN = ("001 1", "200 1_ $a书")
US = ("001 1", "245 10 $aBook")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            (*CN, "905 __ $aBNU$dF124$e26", "906 __ $a211$b1683011$dF124$e26$rCNY"),
            [Item(barcode="1683011", call_number="F124/26", price="CNY", branch="BNU")],
        ),
        (
            (
                *CN,
                "905 __ $aBNU$cbk$dF124$e26",
                "905 __ $aBNU$cjs$dF124$e27",
                "906 __ $b17$cB1321311$dF124$e26",
                "906 __ $b18$dF124$e27",
                "906 __ $b19",
            ),
            [
                Item(barcode="17", call_number="F124/26", location="bk", branch="BNU"),
                Item(barcode="18", call_number="F124/27", location="js", branch="BNU"),
                Item(barcode="19", call_number="F124/26", location="bk", branch="BNU"),
            ],
        ),
        (
            (*CN, "905 __ $aXX$bA1$bA2$dI247.5$e12$f2"),
            [
                Item(barcode="A1", call_number="I247.5/12", copy="2", branch="XX"),
                Item(barcode="A2", call_number="I247.5/12", copy="2", branch="XX"),
            ],
        ),
        ((*CN, "905 __ $aXX$sI247.5/12"), []),
        (
            (*CN, "995 __ $bParis$cEst$f31$k840 HUG$eAdultes$rlm"),
            [
                Item(
                    barcode="31", call_number="840 HUG", location="Adultes", kind="lm", branch="Est"
                )
            ],
        ),
        (
            (*US, "952 __ $aCPL$bCPL$cGEN$o005 KER$p399$t1$yBK$70", "852 __ $bX$p999"),
            [
                Item(
                    barcode="399",
                    call_number="005 KER",
                    location="GEN",
                    copy="1",
                    kind="BK",
                    status="0",
                    branch="CPL",
                )
            ],
        ),
        (
            (*US, "852 __ $bMAIN$cSTACK$hPT2638$iL4 1913$p390"),
            [Item(barcode="390", call_number="PT2638 L4 1913", location="STACK", branch="MAIN")],
        ),
        (
            (*US, "852 __ $81$bEast$hQA1", "852 __ $82$bWest$hQB2", "876 __ $82.1$p77$t3"),
            [Item(barcode="77", call_number="QB2", location="West", copy="3", branch="West")],
        ),
        (
            (*US, "852 __ $bEast$hQA1", "876 __ $p77$lDisplay$jMissing"),
            [
                Item(
                    barcode="77",
                    call_number="QA1",
                    location="Display",
                    status="Missing",
                    branch="East",
                )
            ],
        ),
        ((*US, "905 __ $aAdded$bnot a barcode"), []),
    ],
)
def test_copies_are_found(fields: tuple[str, ...], expected: list[Item]) -> None:
    assert items_of(one(*fields)) == expected


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((*US, "952 __ $p1$00$11$40$70"), "lost"),
        ((*US, "952 __ $p1$01$11"), "withdrawn"),
        ((*US, "952 __ $p1$00$10$41"), "damaged"),
        ((*US, "952 __ $p1$00$10$40$7Bindery"), "Bindery"),
        ((*US, "852 __ $p1$qdamaged"), "damaged"),
        ((*CN, "995 __ $f1$00$22"), "lost"),
        ((*CN, "995 __ $f1$01"), "withdrawn"),
        ((*CN, "995 __ $f1$00$20"), ""),
    ],
)
def test_what_is_wrong_with_a_copy_is_a_word_or_a_sign(
    fields: tuple[str, ...], status: str
) -> None:
    assert [item.status for item in items_of(one(*fields))] == [status]


@pytest.mark.parametrize(
    ("written", "price"),
    [("CNY", None), ("CNY80.00", "CNY80.00"), ("￥", None), ("伍元", "伍元"), ("", None)],
)
def test_a_currency_without_a_figure_is_no_price(written: str, price: str | None) -> None:
    copy = Copy(UUID(int=1), 1, "book", Item(barcode="1683011", price=written))
    assert new_item(copy) == FoundItem(record=UUID(int=1), barcode="1683011", price=price)


def test_a_copy_of_995_has_its_price() -> None:
    assert items_of(one(*CN, "995 __ $f1$p59,70"))[0].price == "59,70"


def test_a_profile_may_be_named() -> None:
    record = one(*US, "905 __ $aXX$bA1$dTP312$e7")
    assert [item.barcode for item in items_of(record, "marc21-905")] == ["A1"]
    with pytest.raises(UnknownProfile):
        items_of(record, "marc22")


SHEET = """条码号,ISBN,控制号,索书号,馆藏地,价格
B1,978-7-02-000220-7,,I242.4/1,总馆,59.7
B2,,012345,I242.4/2,"分馆, 二楼",

,,012345,,,
B4,7-02-000220-7,,,,
B5
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_sheet_of_copies_is_read_line_by_line(encoding: str) -> None:
    read = list(lines(BytesIO(SHEET.encode(encoding))))
    assert [line.number for line in read] == [2, 3, 5, 6, 7]
    assert read[0].isbn == "9787020002207"
    assert read[1].item == Item(barcode="B2", call_number="I242.4/2", location="分馆, 二楼")
    assert read[1].control_number == "012345"
    assert [line.reason for line in read] == ["", "", "no_barcode", "bad_isbn", "no_title_named"]


def test_a_line_that_cannot_be_read_does_not_take_the_next_along() -> None:
    sheet = f"barcode,control_number\nB1,{'x' * 200_000}\nB2,7\n".encode()
    assert [line.reason for line in lines(BytesIO(sheet))] == ["line_unreadable", ""]


def test_a_line_with_bytes_of_no_set_is_told_of_and_not_shelved() -> None:
    sheet = SHEET.encode("gb18030").replace("分馆".encode("gb18030"), b"\xb7\xff")
    assert [line.reason for line in lines(BytesIO(sheet))][:3] == [
        "", "encoding_unclear", "no_barcode",
    ]  # fmt: skip


def test_a_sheet_in_another_set_is_refused_and_never_garbled() -> None:
    sheet = "barcode,control_number,location\nB1,7,été à côté\n".encode("latin-1")
    with pytest.raises(TableUnclear, match="UTF-8"):
        lines(BytesIO(sheet))


def test_a_sheet_may_use_tabs_and_other_columns() -> None:
    (line,) = lines(BytesIO(b"note\tbarcode\tcontrol_number\tkind\nx\tB1\t7\tdvd\n"))
    assert (line.item.barcode, line.item.kind, line.control_number) == ("B1", "dvd", "7")


@pytest.mark.parametrize("sheet", [b"", b"a,b\n1,2\n", b"barcode\nB1\n"])
def test_a_sheet_without_its_headings_is_refused(sheet: bytes) -> None:
    with pytest.raises(NoItems, match="first line"):
        lines(BytesIO(sheet))
