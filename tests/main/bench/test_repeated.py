"""The catalogue that imports are measured with: other titles every time, and every one sound."""

from io import BytesIO
from pathlib import Path

import pytest

from pinakes.main.bench import repeated
from pinakes.tenants.catalogue.marc import Broken, Title, read, title_of


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Title]:
    monkeypatch.setattr(repeated, "DATA", [tmp_path])
    monkeypatch.setattr(repeated, "MADE", 50)
    name, originals = repeated.small()
    assert (name, len(originals)) == ("made up", 50)
    repeated.write(tmp_path / "some.mrc", repeated.repeated(originals, range(20)))
    found = list(read(BytesIO((tmp_path / "some.mrc").read_bytes())))
    return [title_of(one) for one in found if not isinstance(one, Broken) and not one.repairs]


def test_every_copy_of_a_record_is_another_title(titles: list[Title]) -> None:
    assert len(titles) == 1000
    assert len({title.control_number for title in titles}) == 1000
    assert len({title.title for title in titles}) > 900
    numbers = [one.isbn13 for title in titles for one in title.isbn]
    assert all(numbers)
    assert len(set(numbers)) == 1000


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("7532519074 (v. 1)", "7532519449 (v. 1)"),
        ("9787020002207", "9787020002573"),
        ("7-5325-1907-4", "7-5325-1907-4"),
        ("", ""),
    ],
)
def test_an_isbn_moves_on_with_a_right_check_digit(written: str, other: str) -> None:
    assert repeated.other_isbn(written, 1) == other
