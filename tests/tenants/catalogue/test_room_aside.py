"""What a branch may keep aside has an end: uploaded files, and pieces that could not be read."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from books import Import, book, file_of
from litestar import Litestar
from mint import Mint

from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Tenant
from pinakes.platform.objects import objects
from pinakes.tenants.catalogue import room
from pinakes.tenants.registry.settings import decide

pytestmark = pytest.mark.anyio

BROKEN = b"00099nam a2200000 a 4500" + b"x" * 500 + b"\x1d"


@pytest.fixture
async def narrow(
    database: Database, library: Tenant, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library may keep two thousand bytes aside."""
    app.state["objects"] = objects()
    monkeypatch.setattr(room, "MEGABYTE", 1000)
    async with public_work(database.public) as session:
        await decide(session, library.id, room.LIMIT, 2)


async def test_files_are_taken_as_long_as_there_is_room(
    narrow: None, client: httpx.AsyncClient, mint: Mint, library: Tenant
) -> None:
    path = f"/v1/b/{library.code}/catalogue/uploads"
    staff = mint.staff(f"cataloguer@{library.code}")
    assert (await client.post(path, content=b"x" * 1500, headers=staff)).status_code == 201
    refused = await client.post(path, content=b"x" * 501, headers=staff)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_room_aside")
    assert refused.json()["left"] == 500

    async def unannounced() -> AsyncGenerator[bytes]:
        yield b"x" * 501

    refused = await client.post(path, content=unannounced(), headers=staff)
    assert refused.json()["code"] == "no_room_aside"
    assert (await client.post(path, content=b"x" * 500, headers=staff)).status_code == 201


async def test_an_import_ends_when_there_is_no_room_for_what_it_sets_aside(
    narrow: None, bring: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinakes.tenants.catalogue.batches.PIECE", 1)
    job = await bring(file_of(book("1"), BROKEN, book("2"), BROKEN, book("3")))
    assert (job.state, job.failure) == ("failed", "no_room_aside")
    assert job.report
    assert (job.report["new"], job.report["quarantined"]) == (1, 1)
