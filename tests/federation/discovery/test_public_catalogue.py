"""What branches hold can be found by everybody, wherever it stands."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from books import Import, book, file_of

from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.indexing import Indexer
from pinakes.main.features import FEATURES
from pinakes.main.worker import listeners_of
from pinakes.platform.carrier import carry
from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

LISTENERS = listeners_of(FEATURES)

type Settle = Callable[[], Awaitable[None]]


@pytest.fixture
async def settle(database: Database, settings: Settings) -> AsyncIterator[Settle]:
    """Does what the worker does, until nothing is left to do."""
    indexer = Indexer(Index(settings.search), database)

    async def settle() -> None:
        while await carry(database, LISTENERS):
            pass
        while await indexer.round():
            pass

    yield settle
    indexer.close()


async def search(client: httpx.AsyncClient, where: str, **asked: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1{where}/catalogue/search", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_title_is_found_in_its_branch_and_in_the_consortium_by_anybody(
    bring: Import, library: Tenant, settle: Settle, client: httpx.AsyncClient
) -> None:
    await bring(file_of(book("1", "故宫的隐秘角落", author="祝勇", items=["G1", "G2"])))
    await settle()
    for where in (f"/b/{library.code}", ""):
        for words in ("隐秘角落", "gugong", "祝勇"):
            found = await search(client, where, q=words)
            assert found["total"] >= 1, words
            [shelf] = found["items"][0]["holdings"]
            assert (shelf["branch"], shelf["items"], shelf["available"]) == (library.code, 2, 2)
