"""What branches take along of requests and loans: their own readers by card, others' not at all."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import deliver, desk_at
from mint import Mint

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Arrival
from pinakes.federation.notices.models import NoticeChoice
from pinakes.main.features import BELONGINGS
from pinakes.platform.db import unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.tenants.readers.models import Consent

pytestmark = pytest.mark.anyio


async def taken(b: Borrowing, at: Tenant) -> dict[str, list[dict[str, Any]]]:
    """What that branch would take along, by file."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with unit_of_work(b.database.app, at.id) as session:
        for one in BELONGINGS:
            body, count, _ = await one.after(session, one.first)
            found[one.name] = [json.loads(line) for line in body.splitlines()]
            assert count == await one.count(session)
    return found


async def shared(b: Borrowing, client: httpx.AsyncClient, mint: Mint) -> None:
    """A book of the supplier is lent at the pickup branch; another title is waited for."""
    title, other = [await edition(b.database, b.home.consortium) for _ in range(2)]
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    for step in ("receive", "shelve"):
        await b.act(b.pickup, request, Role.PICKUP, step)
    lent = await desk_at(client, mint, b.pickup).lend(b.reader.card, barcode)
    assert lent.status_code == 201, lent.text
    [gone] = await held(b.database, b.supplier, other)
    assert (await desk_at(client, mint, b.supplier).lend(b.reader.card, gone)).status_code == 201
    await b.place(other)
    await deliver(b.database)


async def test_each_party_takes_its_own_part_along_and_no_reader_of_another(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    await shared(b, client, mint)
    async with unit_of_work(b.database.app, b.home.id) as session:
        who = {"id": uuid7(), "person_id": b.reader.person}
        session.add(NoticeChoice(**who, wanted=False, language="en"))
        session.add(Arrival(id=uuid7(), barcode="X", owner_id=b.supplier.id, state="asked"))
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        session.add(
            Consent(
                **who, home_id=b.home.id, purpose="contact", version=1, digest="d", language="zh",
                given_by="subject", withdrawn_at=datetime.now(UTC),
            )
        )  # fmt: skip
    home, supplier, pickup = [await taken(b, one) for one in (b.home, b.supplier, b.pickup)]
    card = b.reader.card
    assert [one["card"] for one in home["requests.jsonl"]] == [card, card]
    lenders = {(one["card"], one["lender"]) for one in home["borrowed.jsonl"]}
    assert lenders == {(card, b.pickup.code), (card, b.supplier.code)}
    waiting = {one["request"] for one in home["waiting.jsonl"]}
    assert len(waiting) == 1
    assert waiting < {one["id"] for one in home["requests.jsonl"]}
    assert home["notices.jsonl"] == [{"card": card, "wanted": False, "language": "en"}]
    assert [one["owner"] for one in home["arrivals.jsonl"]] == [b.supplier.code]
    stood = {(one["role"], one["home"], one["pickup"]) for one in supplier["supplies.jsonl"]}
    assert stood == {("supplier", b.home.code, b.pickup.code)}
    [way] = supplier["ways.jsonl"]
    assert (way["leg"], way["to"]) == ("out", b.pickup.code)
    assert [(one["home"], one["card"]) for one in pickup["loans.jsonl"]] == [(b.home.code, None)]
    assert [one["home"] for one in pickup["consents.jsonl"]] == [b.home.code]
    for others in (supplier, pickup):
        told = json.dumps(others, ensure_ascii=False)
        assert not any(word in told for word in (card, "王小明", str(b.reader.person)))
