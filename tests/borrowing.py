"""What tests of lending between branches need: titles that are shown, and three branches."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec
from lending import Bearer, deliver, stock
from sqlalchemy import select, text, update

from pinakes.federation.lending import hot, service
from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.schemas import NewRequest
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.identity import Principal
from pinakes.tenants.circulation.hot import Desk, Key
from pinakes.tenants.items.models import Item

SHOWN = text("""
    INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers,
                                 items, available, lendable, kinds)
    VALUES (:tenant, :record, :edition, '{"title": "红楼梦"}', '{}', :copies, :copies,
            CASE WHEN :kind = 'reference' THEN 0 ELSE CAST(:copies AS integer) END,
            CASE WHEN :kind = 'reference' THEN CAST('{}' AS jsonb)
                 ELSE jsonb_build_object(CAST(:kind AS text), CAST(:copies AS integer)) END)
""").bindparams(kind="book")
EDITION = text("""
    INSERT INTO commons.edition (id, consortium_id) VALUES (:id, :consortium)
""")


async def edition(database: Database, consortium: int) -> UUID:
    """A title of the consortium that nobody holds yet."""
    id = uuid4()
    async with public_work(database.public) as session:
        await session.execute(EDITION, {"id": id, "consortium": consortium})
    return id


async def held(
    database: Database, tenant: Tenant, edition: UUID, copies: int = 1, kind: str = "book"
) -> list[str]:
    """Barcodes of so many copies of it on this branch's shelf."""
    barcodes = await stock(database, tenant, copies, kind)
    async with unit_of_work(database.app, tenant.id) as session:
        record = await session.scalar(select(Item.record_id).where(Item.barcode == barcodes[0]))
    told: dict[str, Any] = {"tenant": tenant.id, "record": record, "edition": edition}
    told |= {"copies": copies, "kind": kind}
    async with public_work(database.public) as session:
        await session.execute(SHOWN, told)
    return barcodes


async def ask_for(
    database: Database, directory: Directory, reader: Bearer, wish: NewRequest
) -> UUID:
    """The id of a request that *reader* places at home."""
    asker = Principal(str(reader.person), person=reader.person, home=reader.home.code)
    answer = await hot.place(Desk(database.hot, directory, reader.home, asker, Key()), wish)
    return UUID(msgspec.json.decode(answer.body)["request"])


@dataclass
class Borrowing:
    """Three branches and a reader of the first."""

    database: Database
    directory: Directory
    home: Tenant
    supplier: Tenant
    pickup: Tenant
    reader: Bearer

    async def place(self, edition: UUID | None, **more: Any) -> UUID:
        """The id of a request of our reader, placed at home."""
        wish = NewRequest(edition=edition, pickup=self.pickup.code, **more)
        id = await ask_for(self.database, self.directory, self.reader, wish)
        await deliver(self.database)
        return id

    async def place_again(self, edition: UUID, **more: Any) -> UUID:
        """The same once more: the reader insists, and the staff think so, too."""
        id = await self.place(edition, sure=True, **more)
        await self.act(self.home, id, Role.REQUESTER, "keep")
        return id

    async def act(self, at: Tenant, request: UUID, role: Role, on: str, **facts: Any) -> None:
        """One step by hand; whatever it tells arrives."""
        async with unit_of_work(self.database.app, at.id) as session:
            await service.act(session, request, role, on, facts)
        await deliver(self.database)

    async def ring(self, at: Tenant, request: UUID, role: Role, timer: str) -> None:
        """A timer of its first attempt rings; whatever that tells arrives."""
        async with unit_of_work(self.database.app, at.id) as session:
            work = turn(session)
            await work.happen(await service.find(session, request, role, 1), timer)
            await work.write()
        await deliver(self.database)

    async def states(self, request: UUID, attempt: int | None = None) -> dict[str, str]:
        """Where each party stands, as its own row says."""
        found: dict[str, str] = {}
        for at in {self.home.id, self.supplier.id, self.pickup.id}:
            async with unit_of_work(self.database.app, at) as session:
                rows = select(PartyRow).where(PartyRow.request_id == request)
                if attempt is not None:
                    rows = rows.where(PartyRow.attempt == attempt)
                for row in await session.scalars(rows.order_by(PartyRow.attempt)):
                    found[row.role] = row.state
        return found

    async def disagree(self, at: Tenant, trouble: str) -> None:
        """Let the branch have found that others stand elsewhere."""
        async with unit_of_work(self.database.app, at.id) as session:
            await session.execute(update(PartyRow).values(trouble=trouble))

    async def item(self, at: Tenant, barcode: str) -> Item:
        async with unit_of_work(self.database.app, at.id) as session:
            item = await session.scalar(select(Item).where(Item.barcode == barcode))
            assert item is not None
            return item

    async def wish(self, request: UUID) -> Request:
        async with unit_of_work(self.database.app, self.home.id) as session:
            row = await session.scalar(select(Request).where(Request.id == request))
            assert row is not None
            return row
