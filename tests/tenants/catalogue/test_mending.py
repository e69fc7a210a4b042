"""What was set aside is looked at, mended, and taken in after all."""

from typing import Any

import httpx
import pytest
from books import Import, book, file_of
from litestar import Litestar
from marcs import iso
from mint import Mint
from sqlalchemy import select

from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, found
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

CUT = iso("001 9", "003 T", "245 10 $aHalf a book", "952 __ $pB9$yBK")[:-20]


class Desk:
    """Somebody who mends what an import has set aside."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], code: str) -> None:
        self.client, self.headers = client, headers
        self.root = f"/v1/b/{code}/catalogue"

    async def pieces(self, job: Job) -> list[Any]:
        listed: list[Any] = (await self.get(f"/imports/{job.id}/quarantine"))["items"]
        return listed

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.client.get(self.root + path, params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def discard(self, piece: str) -> httpx.Response:
        path = f"{self.root}/quarantine/{piece}/discard"
        return await self.client.post(path, headers=self.headers)

    async def mend(self, piece: str, **wish: Any) -> httpx.Response:
        path = f"{self.root}/quarantine/{piece}/mend"
        return await self.client.post(path, json=wish, headers=self.headers)


@pytest.fixture
def desk(
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    app: Litestar,
    environment: dict[str, str],
) -> Desk:
    app.state["objects"] = objects()
    return Desk(client, mint.staff(f"cataloguer@{library.code}"), library.code)


async def test_a_piece_in_a_set_that_nobody_named_is_read_in_the_right_one(
    desk: Desk, bring: Import, database: Database, library: Tenant
) -> None:
    russian = iso("001 5", "200 1_ $aВойна и мир", "801 _0 $bX", encoding="windows-1251")
    job = await bring(russian)
    [piece] = await desk.pieces(job)
    assert piece["reason"] == "encoding_unclear"
    shown = await desk.get(f"/quarantine/{piece['id']}/text")
    assert "�" in shown["text"]
    assert shown["zh"] == piece["zh"]
    told = await desk.get(f"/quarantine/{piece['id']}/text", encoding="windows-1251")
    assert "200 1_ ‡aВойна и мир" in told["text"]
    mended = await desk.mend(piece["id"], encoding="windows-1251")
    assert mended.status_code == 200
    async with unit_of_work(database.app, library.id) as session:
        [row] = await session.scalars(select(CatalogueRecord))
        assert str(row.id) == mended.json()["became"]
        assert (row.title_fields["title"], row.raw) == ("Война и мир", russian)
        report = (await found(session, job.id)).report or {}
    assert (report["quarantined"], report["mended"]) == (1, 1)
    assert (await desk.pieces(job))[0]["became"] == mended.json()["became"]
    again = await desk.mend(piece["id"], encoding="windows-1251")
    assert (again.status_code, again.json()["code"]) == (409, "mended_already")


async def test_a_broken_record_is_written_anew_as_lines(
    desk: Desk, bring: Import, database: Database, library: Tenant
) -> None:
    job = await bring(file_of(book("1")) + b"00045nam a2200037 a 4500" + b"x" * 12 + b"\x1e" + CUT)
    pieces = await desk.pieces(job)
    assert pieces
    shown = await desk.get(f"/quarantine/{pieces[0]['id']}/text")
    refused = await desk.mend(pieces[0]["id"])
    assert (refused.status_code, refused.json()["code"]) == (400, "still_unreadable")
    assert refused.json()["zh"]
    wrong = await desk.mend(pieces[0]["id"], text=shown["text"])
    assert (shown["text"].splitlines()[1][:3], wrong.json()["line"]) == ("???", 2)
    lines = "001 9\n003 T\n245 10 $aA whole book\n952 __ $pB9$yBK"
    mended = await desk.mend(pieces[0]["id"], text=lines)
    assert mended.status_code == 200, mended.text
    async with unit_of_work(database.app, library.id) as session:
        titles = await session.scalars(select(CatalogueRecord.title_fields["title"].astext))
        assert sorted(titles) == ["A whole book", "红楼梦"]
        assert list(await session.scalars(select(Item.barcode))) == ["B9"]


async def test_a_mended_record_updates_the_one_that_is_here(
    desk: Desk, bring: Import, database: Database, library: Tenant
) -> None:
    job = await bring(iso("001 7", "040 __ $aX") + iso("001 7", "003 T", "245 10 $aOld"))
    [piece] = await desk.pieces(job)
    assert piece["reason"] == "no_title"
    mended = await desk.mend(piece["id"], text="001 7\n003 T\n245 10 $aNew")
    async with unit_of_work(database.app, library.id) as session:
        [row] = await session.scalars(select(CatalogueRecord))
    assert (row.title_fields["title"], str(row.id)) == ("New", mended.json()["became"])


async def test_broken_xml_is_mended_as_xml(desk: Desk, bring: Import) -> None:
    good = "<record><controlfield tag='001'>1</controlfield>{}</record>"
    bad = good.format("<datafield tag='245'><subfield code='a'>A & B</subfield></datafield>")
    job = await bring(f"<collection>{bad}</collection>".encode())
    [piece] = await desk.pieces(job)
    shown = await desk.get(f"/quarantine/{piece['id']}/text")
    mended = await desk.mend(piece["id"], text=shown["text"].replace("&", "&amp;"))
    assert mended.status_code == 200, mended.text


async def test_what_nobody_wants_is_discarded_once_and_stays_counted(
    desk: Desk, bring: Import, database: Database, library: Tenant
) -> None:
    job = await bring(file_of(book("1")) + iso("001 7", "040 __ $aX"))
    [piece] = await desk.pieces(job)
    assert piece["state"] == "waiting"
    for _ in range(2):
        discarded = await desk.discard(piece["id"])
        assert (discarded.status_code, discarded.json()["state"]) == (200, "discarded")
    assert await desk.pieces(job) == [piece | {"state": "discarded"}]
    async with unit_of_work(database.app, library.id) as session:
        report = (await found(session, job.id)).report or {}
        notes = await session.scalars(
            select(Audit.id).where(Audit.operation == "catalogue.discard")
        )
        assert len(notes.all()) == 1
    assert (report["read"], report["quarantined"], report["discarded"]) == (2, 1, 1)
    mended = await desk.mend(piece["id"], text="001 7\n003 T\n245 10 $aWanted after all")
    assert mended.status_code == 200, mended.text
    async with unit_of_work(database.app, library.id) as session:
        report = (await found(session, job.id)).report or {}
    assert (report["mended"], report["discarded"]) == (1, 0)
    too_late = await desk.discard(piece["id"])
    assert (too_late.status_code, too_late.json()["code"]) == (409, "mended_already")


async def test_only_cataloguers_mend_or_discard(
    desk: Desk, bring: Import, mint: Mint, library: Tenant, neighbour: Tenant
) -> None:
    job = await bring(file_of(book("1")) + iso("001 7", "040 __ $aX"))
    [piece] = await desk.pieces(job)
    for grant, status in ((f"desk@{library.code}", 403), (f"cataloguer@{neighbour.code}", 403)):
        desk.headers = mint.staff(grant)
        assert (await desk.mend(piece["id"], text="245 10 $aX")).status_code == status
        assert (await desk.discard(piece["id"])).status_code == status
    desk.root = desk.root.replace(library.code, neighbour.code)
    assert (await desk.mend(piece["id"], text="245 10 $aX")).status_code == 404
    assert (await desk.discard(piece["id"])).status_code == 404
