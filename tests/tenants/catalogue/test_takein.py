"""What a branch takes along comes in at another one, and nothing is different."""

import dataclasses
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from archives import COPY, brought_in, lines, manifest_of, packed, rows, running
from books import Import, book, commanded, file_of, look, performed
from issuing import SECRET, Issuer
from lending import deliver, desk_at, enrol, rule
from marcs import iso
from mint import Mint
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.choosing import split
from pinakes.federation.discovery.models import EditionChoice
from pinakes.main.features import BELONGINGS
from pinakes.platform import config
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import JobCancelled, JobState, Run, cancel
from pinakes.tenants.catalogue import archive as archive_of
from pinakes.tenants.catalogue import takein, takeout
from pinakes.tenants.catalogue.alike import Verdict
from pinakes.tenants.catalogue.deciding import decide as decide_twin
from pinakes.tenants.catalogue.duplicates import start_search
from pinakes.tenants.catalogue.models import Authority, CatalogueRecord, Twin
from pinakes.tenants.catalogue.service import suppress
from pinakes.tenants.catalogue.withdrawing import numbered, withdraw
from pinakes.tenants.items import service as items
from pinakes.tenants.items.machine import Action
from pinakes.tenants.items.models import Item
from pinakes.tenants.readers import numbers
from pinakes.tenants.readers.cli import readers
from pinakes.tenants.readers.models import Card, Reader

pytestmark = pytest.mark.anyio

HEADING = iso("001 4", "100 1_ $aCao, Xueqin", leader="nz  a i ")
GONE = iso("001 7", "003 TEST", "245 00$aNo more", leader="dam a a ")
UNTITLED = iso("001 5", "040 __ $aX")
XML = (
    '<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>00000nam a2200000 a 4500'
    '</leader><controlfield tag="001">x1</controlfield><datafield tag="245" ind1="0" ind2="0">'
    '<subfield code="a">西游记</subfield></datafield></record></collection>'
).encode()
RECORD = (
    "key", "control_number", "agency", "digest", "dialect", "encoding", "state", "raw",
)  # fmt: skip
TITLE = (*RECORD, "title_fields", "sort_key", "isbn13", "suppressed", "withdrawn")
READER = ("name", "reader_kind", "born", "contact", "until")


@pytest.fixture
def log_in(
    environment: dict[str, str], issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Readers that are imported get accounts at a real issuer."""
    monkeypatch.setenv("PINAKES_ISSUER", issuer.address)
    monkeypatch.setenv("PINAKES_ISSUER_SECRET", SECRET)
    config.settings.cache_clear()
    yield
    config.settings.cache_clear()


async def whole(database: Database, here: Tenant) -> dict[str, list[Any]]:
    """All that a branch has which may come in elsewhere."""
    told = {
        "titles": await rows(database, here, CatalogueRecord, TITLE),
        "authorities": await rows(database, here, Authority, RECORD),
        "copies": await rows(database, here, Item, COPY),
        "choices": await rows(
            database, here, EditionChoice, ("record_key", "edition_id", "verdict")
        ),
    }
    first, second = CatalogueRecord, CatalogueRecord.__table__.alias()
    async with unit_of_work(database.app, here.id) as session:
        shelved = select(Item.barcode, first.key).join(first, first.id == Item.record_id)
        told["shelved"] = [tuple(row) for row in await session.execute(shelved.order_by("barcode"))]
        pairs = select(first.key, second.c.key, Twin.rule, Twin.verdict).select_from(Twin)
        both = pairs.join(first, first.id == Twin.first_id)
        found = await session.execute(both.join(second, second.c.id == Twin.second_id))
        told["twins"] = sorted(
            (*sorted((one, other)), why, said)
            for one, other, why, said in found
            if said != Verdict.OPEN
        )
    return told


async def lived_in(database: Database, here: Tenant, bring: Import) -> None:
    """Records of every kind, hidden or not, copies, readers, decisions."""
    isbn = "9787020002207"
    await bring(
        file_of(book("1", isbn=isbn, items=["A", "B"]), book("2", isbn=isbn), book("3"), book("6"))
        + HEADING
        + GONE
        + UNTITLED
    )
    await bring(XML)
    gbk = iso("001 8", "200 1_ $a三国演义", encoding="gb18030")
    await bring(gbk, dialect="unimarc", encoding="gb18030")
    async with unit_of_work(database.app, here.id) as session:
        await start_search(session)
    await performed(database)
    async with unit_of_work(database.app, here.id) as session:
        ids = {n: (await numbered(session, n)).id for n in ("1", "2", "3", "6")}
        await suppress(session, ids["2"], True)
        await withdraw(session, ids["3"], True)
        await split(session, ids["6"])
        damaged = (await session.scalars(select(Item.id).where(Item.barcode == "B"))).one()
        await items.act(session, damaged, Action.DAMAGE)
        twin = (await session.scalars(select(Twin).where(Twin.verdict == Verdict.OPEN))).first()
        assert twin is not None
        await decide_twin(session, twin.id, Verdict.DIFFERENT)
    await deliver(database)  # so that the public titles are there


async def test_what_was_taken_along_comes_in_elsewhere_and_nothing_is_different(
    database: Database,
    library: Tenant,
    other_library: Tenant,
    bring: Import,
    tmp_path: Path,
) -> None:
    await lived_in(database, library, bring)
    before = await whole(database, library)
    assert all(before.values()), "there is something of everything"
    out = tmp_path / "all.zip"
    words = ("--branch", library.code)
    assert (await commanded(database, "takeout", str(out), *words)).exit_code == 0
    there = ("--branch", other_library.code, "--json")
    told = await commanded(database, "takein", str(out), *there)
    assert told.exit_code == 0, told.output
    assert await whole(database, other_library) == before
    report = json.loads(told.stdout.splitlines()[-1])["files"]
    assert {name for name, one in report.items() if one["left"] or one["otherwise"]} == set()
    assert all(one["new"] == one["read"] for one in report.values())
    assert report["titles.jsonl"]["read"] == 7
    again = json.loads((await commanded(database, "takein", str(out), *there)).stdout)["files"]
    assert all(one["unchanged"] == one["read"] for one in again.values()), "nothing changes"
    assert await whole(database, other_library) == before


async def test_the_archive_tells_of_everything_else_in_words(
    database: Database,
    library: Tenant,
    bring: Import,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    await lived_in(database, library, bring)
    await rule(database, library, loan_limit=7)
    reader = await enrol(database, library)
    desk = desk_at(client, mint, library)
    assert (await desk.lend(reader.card, "A")).status_code == 201
    archive = await packed(database, library)
    with ZipFile(BytesIO(archive)) as whole:
        names, readme = set(whole.namelist()), whole.read("README.txt").decode()
        manifest = json.loads(whole.read("manifest.json"))
    assert (manifest["version"], manifest["branch"]) == (2, library.code)
    assert names == {*manifest["files"], "README.txt", "manifest.json"}
    assert all(f" {name}\n" in readme for name in manifest["files"])
    come = {name for name, one in manifest["files"].items() if one["comes_in"]}
    assert come == {line[2:] for line in readme.splitlines() if line.startswith("* ")}
    (loan,) = lines(archive, "loans.jsonl")
    assert (loan["card"], loan["barcode"]) == (reader.card, "A")
    assert (loan["home"], loan["returned_at"]) == (library.code, None)
    assert {"key": "loan.limit", "value": 7, "locked": False} in lines(archive, "settings.jsonl")
    assert [one["code"] for one in lines(archive, "branch.jsonl")] == [library.code]
    assert [one["reason"] for one in lines(archive, "aside.jsonl")] == ["no_title"]
    assert [one["report"]["read"] for one in lines(archive, "imports.jsonl")] == [7, 1, 1]
    status = {one["barcode"]: one["status"] for one in lines(archive, "items.jsonl")}
    assert status == {"A": "lent", "B": "damaged"}


async def test_readers_come_in_by_the_table_in_the_archive_and_by_nothing_else(
    database: Database, library: Tenant, other_library: Tenant, log_in: None, tmp_path: Path
) -> None:
    numbered = [await enrol(database, library, kind) for kind in ("adult", "child")]
    async with unit_of_work(database.app, library.id) as session:
        (await session.scalars(select(Reader).limit(1))).one().contact = "+86 10"
    ours = await rows(database, library, Reader, READER)
    await enrol(database, library, card=numbers.issue(library.id))
    archive = await packed(database, library)
    told = manifest_of(archive)["files"]
    for name in ("readers.csv", "readers.jsonl", "consents.jsonl", "notices.jsonl"):
        assert not told[name]["comes_in"]
        assert told[name]["reason"]
    job = await brought_in(database, other_library, archive)
    assert (job.state, await rows(database, other_library, Reader, READER)) == (JobState.DONE, [])
    table = tmp_path / "readers.csv"
    with ZipFile(BytesIO(archive)) as whole:
        table.write_bytes(whole.read("readers.csv"))
    words = ("import", str(table), "--branch", other_library.code, "--json")
    done = await commanded(database, *words, of=readers)
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["created"], report["reasons"]) == (2, {"card_of_another": 1})
    assert await rows(database, other_library, Reader, READER) == ours
    async with unit_of_work(database.app, other_library.id) as session:
        old = select(Card.number).where(Card.tenant_id == other_library.id, Card.old)
        assert set(await session.scalars(old)) == {one.card for one in numbered}


async def test_an_archive_that_is_not_whole_changes_nothing(
    database: Database, library: Tenant, other_library: Tenant, bring: Import
) -> None:
    await bring(file_of(book("1")))
    archive = await packed(database, library)
    changed = BytesIO()
    with ZipFile(BytesIO(archive)) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b" " if name == "titles.mrc" else b""))
    for damaged in (changed.getvalue(), archive[:-100], b"no zip", file_of(book("1"))):
        job = await brought_in(database, other_library, damaged)
        assert (job.state, job.failure) == (JobState.FAILED, "no_takeout")
    assert await rows(database, other_library, CatalogueRecord, ("key",)) == []


async def test_what_was_cut_off_goes_on_behind_its_last_portion(
    database: Database,
    library: Tenant,
    other_library: Tenant,
    bring: Import,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await bring(file_of(*(book(str(n), items=[f"I{n}"]) for n in range(5))))
    archive = await packed(database, library)
    monkeypatch.setattr(archive_of, "AT_ONCE", 2)
    run, step, seen = await running(database, other_library, archive), Run.step, list[int]()

    async def breaks(run: Run, session: AsyncSession, done: int, **told: Any) -> None:
        await step(run, session, done, **told)
        if "report" in told:  # and is not only looking at the archive
            seen.append(done)
        if len(seen) == 4 and "report" in told:
            raise ConnectionError("the plug")

    monkeypatch.setattr(Run, "step", breaks)
    with pytest.raises(ConnectionError):
        await takein.run_takein(run, BELONGINGS)
    half = (await look(database, other_library, run.id)).report
    assert half is not None
    assert (half["read"], seen) == (5, [2, 4, 5, 7]), "the fourth is undone"
    report = await takein.run_takein(dataclasses.replace(run, report=half), BELONGINGS)
    for name in ("titles.jsonl", "items.jsonl"):
        assert (report["files"][name]["read"], report["files"][name]["new"]) == (5, 5)
    copies = [await rows(database, one, Item, COPY) for one in (library, other_library)]
    assert copies[0] == copies[1]


async def test_either_way_stops_when_it_is_cancelled(
    database: Database, library: Tenant, other_library: Tenant, bring: Import
) -> None:
    await bring(file_of(book("1")))
    run = await running(database, other_library, await packed(database, library))
    async with unit_of_work(database.app, other_library.id) as session:
        await cancel(session, run.id)
    for way in (takein.run_takein, takeout.run_takeout):
        with pytest.raises(JobCancelled):
            await way(run, BELONGINGS)
    assert await rows(database, other_library, CatalogueRecord, ("key",)) == []
