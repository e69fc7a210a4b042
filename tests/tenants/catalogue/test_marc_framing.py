"""Records are found by their terminators, whatever the lengths say, and no byte gets lost."""

import gzip
from contextlib import suppress
from io import BytesIO
from time import process_time

import pytest
from marcs import found, iso, one, reasons

from pinakes.tenants.catalogue.marc import Broken, Record, UnknownFormat, read, sentence, title_of
from pinakes.tenants.catalogue.marc.source import LEAST, TIMES, UnpackedTooLarge

FIRST = iso("001 1", "245 10 $aFirst")
SECOND = iso("001 2", "245 10 $a第二")


def titles(data: bytes) -> list[str]:
    return [next(r.values("245", "a")) for r in found(data) if isinstance(r, Record)]


def test_records_come_in_order_with_their_bytes_and_places() -> None:
    first, second = found(FIRST + SECOND)
    assert isinstance(first, Record)
    assert first.fields == (("001", "1"), ("245", "10\x1faFirst"))
    assert (first.raw, first.offset, first.ordinal) == (FIRST, 0, 1)
    assert (second.raw, second.offset, second.ordinal) == (SECOND, len(FIRST), 2)


@pytest.mark.parametrize(
    "filler", [b"\r\n", b"\n\n", b"\x00\x00\x00", b"  \x00\n", b"\x1a", b"\x1d\x1d"]
)
def test_filler_between_records_is_passed_over(filler: bytes) -> None:
    assert titles(FIRST + filler + SECOND + filler) == ["First", "第二"]


@pytest.mark.parametrize("sign", [b"<", b"< 1\r\n", b"\x1f\x8b", b"\xff\xfe", b"\xef\xbb\xbf<"])
def test_a_sign_astray_in_front_makes_no_other_format_of_the_file(sign: bytes) -> None:
    assert titles(sign + FIRST + SECOND) == ["First", "第二"]


def test_a_byte_order_mark_is_no_part_of_the_first_record() -> None:
    assert titles(b"\xef\xbb\xbf" + FIRST) == ["First"]


def test_a_length_that_fits_by_chance_does_not_hide_the_good_record_behind_it() -> None:
    rest = 24 + len(SECOND)
    chance = f"--{rest:05}nam a2200000 i 4500".encode()
    stray, record = found(FIRST + chance + SECOND)[1:]
    assert (stray.raw, record.raw) == (chance, SECOND)


def test_bytes_astray_are_kept_apart_from_the_good_record_behind_them() -> None:
    stray, record = found(FIRST + b"--- page 2 ---" + SECOND)[1:]
    assert isinstance(stray, Broken)
    assert (stray.reason, stray.raw, stray.offset) == ("stray_bytes", b"--- page 2 ---", len(FIRST))
    assert record.raw == SECOND


def test_a_record_cut_off_in_the_middle_does_not_take_the_next_along() -> None:
    pieces = found(FIRST[:40] + SECOND + FIRST)
    assert reasons(pieces) == ["truncated", "record", "record"]
    assert pieces[0].raw == FIRST[:40]


@pytest.mark.parametrize("length", [b"99999", b"00000", b"-0001", b"abcde", b"00061"])
def test_a_wrong_length_is_put_right(length: bytes) -> None:
    record, after = found(length + FIRST[5:] + SECOND)
    assert isinstance(record, Record)
    assert record.repairs == ("length_corrected",)
    assert after.raw == SECOND


@pytest.mark.parametrize("base", [b"00000", b"99999", b"abcde"])
def test_a_wrong_start_of_data_is_put_right(base: bytes) -> None:
    (record,) = found(FIRST[:12] + base + FIRST[17:])
    assert isinstance(record, Record)
    assert record.repairs == ("base_corrected",)
    assert record.fields[1] == ("245", "10\x1faFirst")


def test_a_control_character_in_the_leader_is_a_blank() -> None:
    (record,) = found(FIRST[:22] + b"\x02" + FIRST[23:])
    assert isinstance(record, Record)
    assert record.leader == "00062nam a2200049 i 45 0"


def test_lengths_counted_in_characters_are_put_right_by_the_order_of_fields() -> None:
    wrong = SECOND.replace(b"24500110", b"24500070")
    (record,) = found(wrong)
    assert isinstance(record, Record)
    assert record.repairs == ("directory_rebuilt",)
    assert record.fields == (("001", "2"), ("245", "10\x1fa第二"))


def test_a_directory_in_another_order_than_the_fields_is_followed() -> None:
    directory, body = FIRST[24:48], FIRST[49:]
    (record,) = found(FIRST[:24] + directory[12:] + directory[:12] + b"\x1e" + body)
    assert isinstance(record, Record)
    assert record.fields == (("245", "10\x1faFirst"), ("001", "1"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (FIRST[:30] + b"\x1e" + FIRST[31:], "directory_unreadable"),
        (FIRST.replace(b"245001", b"245\xff01"), "directory_unreadable"),
        (b"00026nam a2200025 i 4500\x1e\x1d", "empty_record"),
        (FIRST[:6] + b"\xff" + FIRST[7:], "leader_unreadable"),
        (FIRST + SECOND[:30], "cut_off"),
    ],
)
def test_what_cannot_be_read_is_kept_with_a_reason(data: bytes, reason: str) -> None:
    pieces = found(SECOND + data)
    assert reasons(pieces)[-1] == reason
    assert b"".join(piece.raw for piece in pieces) == SECOND + data


@pytest.mark.parametrize("lost", [1, 2])
def test_a_last_record_without_its_end_mark_is_read(lost: int) -> None:
    (record,) = found(FIRST[:-lost])
    assert isinstance(record, Record)
    assert record.repairs == ("terminator_missing",)
    assert record.fields[1] == ("245", "10\x1faFirst")


@pytest.mark.parametrize("lost", [3, 6])
def test_a_record_that_lost_letters_is_not_taken_for_whole(lost: int) -> None:
    assert reasons(found(SECOND + FIRST[:-lost])) == ["record", "cut_off"]
    parted = FIRST[:-lost] + b"\x1d" + FIRST[-lost:] + SECOND
    cut, _, after = found(parted)
    assert isinstance(cut, Broken)
    assert (cut.reason, cut.facts) == ("truncated", {"declared": "62", "actual": 63 - lost})
    assert after.raw == SECOND


def test_what_never_ends_comes_in_pieces_of_five_megabytes() -> None:
    pieces = found(FIRST + b"x" * 12_000_000)
    assert reasons(pieces) == ["record", "too_long", "too_long", "cut_off"]
    assert sum(len(piece.raw) for piece in pieces) == len(FIRST) + 12_000_000


def test_a_flood_of_terminators_holds_nothing() -> None:
    assert reasons(found(FIRST + b"\x1d" * 100_000)) == ["record"]


def test_a_packed_file_is_unpacked() -> None:
    assert titles(gzip.compress(FIRST) + gzip.compress(SECOND)) == ["First", "第二"]


def test_a_small_file_that_unpacks_without_end_is_refused() -> None:
    small = gzip.compress(FIRST + b"\n" * LEAST, 1)
    assert TIMES * len(small) < LEAST
    with pytest.raises(UnpackedTooLarge) as refused:
        found(small)
    assert refused.value.facts == {"limit": LEAST}


def test_a_damaged_archive_gives_what_it_still_holds_and_says_so() -> None:
    many = b"".join(iso(f"001 {number}", f"245 10 $aNo. {number}") for number in range(5000))
    *pieces, damaged = found(gzip.compress(many)[:-2000])
    assert reasons(pieces)[0] == "record"
    assert reasons([damaged]) == ["archive_damaged"]
    assert damaged.offset == pieces[-1].offset + len(pieces[-1].raw)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"%PDF-1.7 \x1e\x1d",
        b"<html></html>",
        b'{"leader": "x"}',
        b"\x1f\x8bnonsense",
    ],
)
def test_what_is_no_marc_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownFormat):
        read(BytesIO(data))


@pytest.mark.parametrize("letters", [b"0", b"a", b"$1", b"\x1b", b"\xe1", b"00001nam", b"\x1f"])
def test_no_pattern_takes_long_over_a_monotonous_record(letters: bytes) -> None:
    long = letters * (1_000_000 // len(letters))
    started = process_time()
    found(FIRST + FIRST[:-1] + long + b"\x1e\x1d" + FIRST)
    with suppress(UnknownFormat):
        found(long)
    title_of(one("001 1", f"245 10 $a{'x' * 9_000} y."))
    assert process_time() - started < 5


def test_reasons_are_told_in_both_languages() -> None:
    assert "60" in sentence("truncated", {"declared": "00060", "actual": 40}, "en")
    assert "不完整" in sentence("truncated", {"declared": "00060", "actual": 40})
    assert "?" in sentence("truncated", {})
    assert sentence("a_reason_of_tomorrow", {}) == "a_reason_of_tomorrow"


def test_a_leader_tells_headings_copies_and_deletions() -> None:
    assert one("001 1", "100 1_ $aName", leader="nz  a n ").authority
    assert one("001 1", "200 _1 $a曹$b雪芹", "801 _0 $bNLC", leader="nx  a n ").authority
    assert one("001 1", "852 __ $aPlace", leader="nx  a n ").holding
    assert one("001 1", "245 10 $aGone", leader="dam a i ").deleted
    book = one("001 1", "245 10 $aBook")
    assert (book.authority, book.holding, book.deleted) == (False, False, False)
