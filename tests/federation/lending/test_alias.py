"""What a branch knows a reader by, whose request is collected there: nothing that another has."""

from uuid import UUID

import pytest
from borrowing import Borrowing, ask_for, edition, held
from conftest import MakeTenant
from lending import Desk, deliver, rule
from sqlalchemy import text, update

from pinakes.federation.lending import scanning
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.schemas import NewRequest, Scan
from pinakes.platform.db import unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.tenants.readers.rules import alias

ROWS = (  # where a branch keeps what it was told of a request
    "SELECT facts::text FROM request_party", "SELECT body::text FROM outbox",
    "SELECT coalesce(held_for::text, '') FROM item",
)  # fmt: skip
pytestmark = pytest.mark.anyio


async def known(b: Borrowing, at: Tenant) -> str:
    """All that a branch has been told, in one text."""
    async with unit_of_work(b.database.app, at.id) as session:
        return "\n".join([word for sql in ROWS for word in await session.scalars(text(sql))])


async def test_two_branches_where_a_reader_collects_cannot_tell_that_it_is_one(
    borrowing: Borrowing, make_tenant: MakeTenant
) -> None:
    b = borrowing
    another = await make_tenant(b.directory.ids[b.home.path[-2]])
    await rule(b.database, another, calendar_closed_weekdays=[])
    await b.directory.refresh(b.database.public)
    for at in (b.pickup, another):
        title = await edition(b.database, b.home.consortium)
        [barcode] = await held(b.database, b.supplier, title)
        wish = NewRequest(edition=title, pickup=at.code)
        request = await ask_for(b.database, b.directory, b.reader, wish)
        await deliver(b.database)
        await b.act(b.supplier, request, Role.SUPPLIER, "ship")
        for _ in range(2):
            async with unit_of_work(b.database.app, at.id) as session:
                await scanning.scan(session, b.directory, Scan(barcode=barcode))
        await deliver(b.database)
    person = b.reader.person
    assert str(person) in await known(b, b.home)
    for here, other in ((b.pickup, another), (another, b.pickup)):
        told = await known(b, here)
        assert str(alias(person, here.id)) in told
        assert str(alias(person, other.id)) not in told
        assert str(person) not in told


async def test_the_database_says_the_same_name(borrowing: Borrowing) -> None:
    b, person = borrowing, uuid7()
    async with unit_of_work(b.database.app, b.home.id) as session:
        asked = text("SELECT reader_alias(:person, :branch)")
        told: UUID | None = await session.scalar(asked, {"person": person, "branch": 3419})
    assert told == alias(person, 3419)


async def test_what_came_before_names_were_told_is_lent_all_the_same(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        facts = text("facts - 'alias' || jsonb_build_object('person', CAST(:person AS text))")
        old = update(PartyRow).values(facts=facts.bindparams(person=str(b.reader.person)), model=1)
        await session.execute(old)
    for _ in range(2):
        async with unit_of_work(b.database.app, b.pickup.id) as session:
            await scanning.scan(session, b.directory, Scan(barcode=barcode))
    assert (await desks["pickup"].lend(b.reader.card, barcode)).status_code == 201
