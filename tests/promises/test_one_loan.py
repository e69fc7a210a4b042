"""An item is on at most one open loan, however many desks scan it at once."""

import asyncio

import httpx
import pytest
from lending import desk_at, enrol, stock
from mint import Mint
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from pinakes.platform.clock import now
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.items.service import listed

pytestmark = pytest.mark.anyio

DESKS = 64


async def open_loans(database: Database, tenant: Tenant) -> int:
    async with unit_of_work(database.app, tenant.id) as session:
        return await session.scalar(select(func.count()).select_from(Loan)) or 0


async def test_of_64_desks_exactly_one_lends(
    client: httpx.AsyncClient, mint: Mint, database: Database, tenant: Tenant
) -> None:
    desk = desk_at(client, mint, tenant)
    (book,) = await stock(database, tenant)
    readers = [await enrol(database, tenant) for _ in range(DESKS)]
    answers = await asyncio.gather(*(desk.lend(reader.card, book) for reader in readers))
    refused = [answer.json()["code"] for answer in answers if answer.status_code == 409]
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert refused == ["item_not_available"] * (DESKS - 1)
    assert await open_loans(database, tenant) == 1


async def test_of_64_scans_with_one_key_all_get_the_same_answer(
    client: httpx.AsyncClient, mint: Mint, database: Database, tenant: Tenant
) -> None:
    desk = desk_at(client, mint, tenant)
    (book,) = await stock(database, tenant)
    reader = await enrol(database, tenant)
    answers = await asyncio.gather(
        *(desk.lend(reader.card, book, key="impatient") for _ in range(DESKS))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await open_loans(database, tenant) == 1


async def test_the_database_itself_refuses_a_second_open_loan(
    database: Database, tenant: Tenant
) -> None:
    (book,) = await stock(database, tenant)

    async def lend() -> None:
        async with unit_of_work(database.app, tenant.id) as session:
            item = (await session.scalars(listed(book, None))).one()
            loan = Loan(
                item_id=item.id,
                barcode=book,
                item_kind="book",
                title="",
                person_id=uuid7(),
                home_id=tenant.id,
                reader_kind="adult",
                lent_at=now(),
                due_at=now(),
            )
            session.add(loan)

    await lend()
    with pytest.raises(IntegrityError, match="loan_open"):
        await lend()
