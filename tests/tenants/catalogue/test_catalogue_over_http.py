"""The whole way over HTTP: upload, import, report, what was set aside, and who may do it."""

import httpx
import pytest
from books import book, file_of, performed
from litestar import Litestar
from mint import Mint

from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant
from pinakes.platform.objects import objects

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def the_application_has_the_store(app: Litestar, environment: dict[str, str]) -> None:
    app.state["objects"] = objects()


async def test_a_cataloguer_uploads_imports_and_reads_the_report(
    client: httpx.AsyncClient, mint: Mint, database: Database, library: Tenant, neighbour: Tenant
) -> None:
    staff, root = mint.staff(f"cataloguer@{library.code}"), f"/v1/b/{library.code}"
    junk = b"00099nam a2200000 a 4500rubbish\x1d"
    file = file_of(book("1", items=["A", "B"]), junk, book("2", "另一本", items=["A"]))
    sent = await client.post(
        f"{root}/catalogue/uploads", params={"name": "我的书.mrc"}, content=file, headers=staff
    )
    assert (sent.status_code, sent.json()["size"]) == (201, len(file))
    wish = {"upload": sent.json()["id"], "dialect": "marc21"}
    begun = await client.post(f"{root}/catalogue/imports", json=wish, headers=staff)
    assert (begun.status_code, begun.json()["state"]) == (201, "queued")
    await performed(database)
    job = (await client.get(f"{root}/jobs/{begun.json()['id']}", headers=staff)).json()
    assert (job["state"], job["report"]["read"], job["report"]["new"]) == ("done", 3, 2)
    imported = f"{root}/catalogue/imports/{job['id']}"
    [piece] = (await client.get(f"{imported}/quarantine", headers=staff)).json()["items"]
    assert (piece["ordinal"], piece["reason"] in piece["en"]) == (2, False)
    raw = await client.get(f"{root}/catalogue/quarantine/{piece['id']}", headers=staff)
    assert raw.content == junk
    [trouble] = (await client.get(f"{imported}/items", headers=staff)).json()["items"]
    assert (trouble["barcode"], trouble["reason"]) == ("A", "duplicate_barcode")
    foreign = mint.staff(f"cataloguer@{neighbour.code}")
    there = f"/v1/b/{neighbour.code}/catalogue"
    assert (await client.post(f"{there}/imports", json=wish, headers=foreign)).status_code == 404
    hidden = await client.get(f"{there}/imports/{job['id']}/quarantine", headers=foreign)
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("grant", "status"), [("desk", 403), ("cataloguer", 400), ("administrator", 400)]
)
async def test_only_cataloguers_and_administrators_send_files(
    client: httpx.AsyncClient, mint: Mint, library: Tenant, grant: str, status: int
) -> None:
    uploads, staff = (
        f"/v1/b/{library.code}/catalogue/uploads",
        mint.staff(f"{grant}@{library.code}"),
    )
    refused = await client.post(uploads, content=b"", headers=staff)
    assert refused.status_code == status
    assert refused.json()["code"] == {403: "forbidden", 400: "upload_empty"}[status]


async def test_an_import_of_nothing_known_is_refused(
    client: httpx.AsyncClient, mint: Mint, library: Tenant
) -> None:
    imports, staff = (
        f"/v1/b/{library.code}/catalogue/imports",
        mint.staff(f"cataloguer@{library.code}"),
    )
    for wish, status in (
        ({"upload": "01a1fe59-1ed6-737a-9c50-6744c488546b"}, 404),
        ({"upload": "nothing"}, 400),
        ({"upload": "01a1fe59-1ed6-737a-9c50-6744c488546b", "dialect": "danmarc"}, 400),
        ({}, 400),
    ):
        refused = await client.post(imports, json=wish, headers=staff)
        assert refused.status_code == status, refused.text
