"""An archive that nobody has packed with us is refused before it costs much, or changes much."""

from collections.abc import Mapping
from copy import copy
from io import BytesIO
from typing import Any
from zipfile import ZIP_BZIP2, ZipFile

import msgspec
import pytest
from archives import brought_in, forged, written
from books import book, file_of
from sqlalchemy import func, select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobCancelled, JobState
from pinakes.tenants.catalogue import archive as archives
from pinakes.tenants.catalogue import unpacking
from pinakes.tenants.catalogue.archive import NoTakeout, digest, opened, portions, rows_of
from pinakes.tenants.catalogue.belongings import Copy, Said
from pinakes.tenants.catalogue.marc.framing import LIMIT
from pinakes.tenants.catalogue.models import CatalogueRecord

pytestmark = pytest.mark.anyio

RECORD = file_of(book("1"))
MARK = {"key": "(TEST)1", "dialect": "marc21", "encoding": "utf-8", "size": len(RECORD)}
COPY = {
    "record": "(TEST)1", "status": "on_shelf", "barcode": "X", "kind": "book",
    "call_number": "", "location": None, "copy": None, "price": None,
}  # fmt: skip
PAIR = {"records": ["(TEST)1", "(TEST)2"], "rule": "isbn_title", "verdict": "same"}
SOUND = {"titles.mrc": RECORD, "titles.jsonl": written(MARK)}
LARGE = "far more than its size"


def refused(archive: bytes) -> str:
    """Why it is not even opened."""
    with pytest.raises(NoTakeout) as found:
        opened(BytesIO(archive), ["titles.jsonl", "items.jsonl"])
    return found.value.detail


def read(files: Mapping[str, bytes], name: str) -> list[list[dict[str, Any]]]:
    """The lines of a file of an archive that is packed as it should be, in portions."""
    archive, _ = opened(BytesIO(forged(files)), [name])
    return list(portions(rows_of(archive, name)))


def test_what_holds_far_more_than_its_size_allows_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zeros = bytes(500_000)
    opened(BytesIO(forged({"aside.bin": zeros})), [])
    monkeypatch.setattr(unpacking, "FLOOR", 400_000)
    assert LARGE in refused(forged({"aside.bin": zeros})), "one file"
    monkeypatch.setattr(unpacking, "FLOOR", 600_000)
    assert LARGE in refused(forged({"aside.bin": zeros, "more.bin": zeros})), "all together"
    monkeypatch.setattr(unpacking, "FLOOR", 0)
    opened(BytesIO(forged(SOUND)), [])
    monkeypatch.setattr(unpacking, "MOST", 100)
    assert LARGE in refused(forged(SOUND)), "however much room it takes"


def listed(archive: bytes, name: str) -> bytes:
    """The same archive; its list names the bytes of one file once more, so."""
    file = BytesIO(archive)
    with ZipFile(file, "a") as whole:
        more = copy(whole.getinfo("titles.mrc"))
        more.filename = name
        whole.filelist.append(more)
        whole.comment = b"changed"  # so that the list is written anew
    return file.getvalue()


def test_files_that_share_their_bytes_or_their_name_are_refused() -> None:
    archive = forged({**SOUND, "other.mrc": b"x"}, left_out=["other.mrc"])
    assert "overlap" in refused(listed(archive, "other.mrc"))
    assert "one name" in refused(listed(archive, "titles.mrc"))


def test_a_list_without_end_and_other_ways_to_pack_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "in a way" in refused(forged(SOUND, way=ZIP_BZIP2))
    monkeypatch.setattr(unpacking, "PIECE", 300)
    assert "Upload the ZIP" in refused(forged(SOUND))


def test_the_files_are_those_of_the_manifest_and_all_that_are_needed() -> None:
    assert "items.jsonl is missing" in refused(forged(SOUND, left_out=["items.jsonl"]))
    assert "items.jsonl is missing" in refused(forged(SOUND, unnamed=["items.jsonl"]))
    assert "titles.mrc is missing" in refused(
        forged(SOUND, left_out=["titles.mrc"], unnamed=["titles.mrc"])
    )
    assert "x.mrc is not" in refused(forged({**SOUND, "x.mrc": b""}, unnamed=["x.mrc"]))
    for rows in (-1, 2**63):
        assert "Upload the ZIP" in refused(forged(SOUND, count=rows))


def test_whoever_waits_for_the_digests_can_stop_them() -> None:
    archive, manifest = opened(BytesIO(forged(SOUND)), [])
    whole = manifest.files["titles.mrc"].sha256
    assert digest(archive, "titles.mrc", lambda: False) == whole
    with pytest.raises(JobCancelled):
        digest(archive, "titles.mrc", lambda: True)


def test_a_file_that_cannot_be_unpacked_is_named() -> None:
    sound = forged(SOUND)
    with ZipFile(BytesIO(sound)) as whole:
        start = whole.getinfo("titles.mrc").header_offset + unpacking.HEAD + len("titles.mrc")
    archive, _ = opened(BytesIO(sound[:start] + b"\xff" * 9 + sound[start + 9 :]), [])
    with pytest.raises(NoTakeout, match=r"titles\.mrc cannot be unpacked"):
        digest(archive, "titles.mrc", lambda: False)


def test_a_portion_is_no_larger_than_its_lines_and_their_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "BYTES", 1_000)
    long = [COPY | {"call_number": "x" * 600}] * 5
    assert [len(one) for one in read({"items.jsonl": written(*long)}, "items.jsonl")] == [2, 2, 1]
    most = {"titles.mrc": bytes(1_800), "titles.jsonl": written(*[MARK | {"size": 600}] * 3)}
    assert [len(one) for one in read(most, "titles.jsonl")] == [2, 1]
    monkeypatch.setattr(archives, "LINE", 500)
    with pytest.raises(NoTakeout):
        read({"items.jsonl": written(*long)}, "items.jsonl")


@pytest.mark.parametrize(
    "more",
    [
        {"size": -1},
        {"size": len(RECORD) + 1},
        {"size": 2 * LIMIT + 1},
        {"encoding": "nobody-knows"},
        {"encoding": "punycode"},
        {"dialect": "danmarc"},
        {"came": "no Base64"},
        {"suppressed": True},
    ],
)
def test_a_line_beside_a_record_says_what_ours_say(more: dict[str, Any]) -> None:
    [[sound]] = read(SOUND, "titles.jsonl")
    assert sound["raw"] == RECORD
    with pytest.raises(NoTakeout, match=r"titles\.jsonl"):
        read({**SOUND, "titles.jsonl": written(MARK | more)}, "titles.jsonl")


def test_a_line_holds_words_that_can_be_kept() -> None:
    kept = COPY | {"call_number": "\\u0000", "location": "\\\\"}
    assert read({"items.jsonl": written(kept)}, "items.jsonl") == [[kept]]
    words: list[Any] = ["a\0b", "\\\0", "\ud800", {}, [[]]]
    lines: list[Any] = [[], 5, COPY | {"raw": 5}, *(COPY | {"record": word} for word in words)]
    for line in lines:
        with pytest.raises(NoTakeout):
            read({"items.jsonl": written(line)}, "items.jsonl")


def test_what_is_said_of_copies_and_titles_is_what_ours_say() -> None:
    msgspec.convert(COPY, Copy)
    for more in ({"record": 5}, {"status": "eaten"}, {"barcode": "x" * 65}, {"kind": None}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(COPY | more, Copy)
    msgspec.convert(PAIR, Said)
    wrong: list[dict[str, Any]] = [{"records": ["k"] * many} for many in range(4)]
    for more in (*wrong, {"rule": 5}, {"verdict": "open"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(PAIR | more, Said)


@pytest.mark.parametrize(
    ("name", "line", "came"),
    [
        ("items.jsonl", COPY | {"record": "a\0b"}, 1),
        ("duplicates.jsonl", PAIR | {"records": []}, 1),
        ("titles.jsonl", MARK | {"encoding": "nobody-knows"}, 0),
    ],
)
async def test_a_strange_line_ends_the_job_at_once(
    database: Database, library: Tenant, name: str, line: dict[str, Any], came: int
) -> None:
    job = await brought_in(database, library, forged({**SOUND, name: written(line)}))
    assert (job.state, job.failure, job.attempt) == (JobState.FAILED, "no_takeout", 1)
    assert await titles(database, library) == came


async def test_nothing_comes_in_when_a_file_is_missing(database: Database, library: Tenant) -> None:
    archive = forged(SOUND, left_out=["items.jsonl"], unnamed=["items.jsonl"])
    job = await brought_in(database, library, archive)
    assert (job.state, job.failure, job.attempt) == (JobState.FAILED, "no_takeout", 1)
    assert await titles(database, library) == 0
    assert (await brought_in(database, library, forged(SOUND))).state == JobState.DONE
    assert await titles(database, library) == 1


async def titles(database: Database, library: Tenant) -> int | None:
    async with unit_of_work(database.app, library.id) as session:
        return await session.scalar(select(func.count()).select_from(CatalogueRecord))
