"""A library that lends to somebody no more, and requests that are in the way of it."""

from uuid import UUID

from borrowing import Borrowing, edition, held
from lending import deliver, rule
from sqlalchemy import select

from pinakes.federation.lending.deciding import turn
from pinakes.federation.lending.events import ReaderConcerned
from pinakes.federation.lending.model import Role
from pinakes.platform.db import unit_of_work
from pinakes.platform.messages import Outbox
from pinakes.tenants.readers.machine import Block
from pinakes.tenants.readers.models import Reader
from pinakes.tenants.readers.service import block, unblock

R, S = Role.REQUESTER, Role.SUPPLIER


async def bar(b: Borrowing, *, lift: bool = False) -> None:
    """The home stops lending to our reader, or begins again."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        mine = select(Reader.id).where(Reader.person_id == b.reader.person)
        id = await session.scalar(mine)
        assert id is not None
        await (unblock if lift else block)(session, id, Block.FEES)


async def told(b: Borrowing, request: UUID) -> list[str]:
    """What befell the request that its reader is told of."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        kinds = Outbox.kind == ReaderConcerned.__name__
        rows = await session.scalars(select(Outbox).where(kinds, Outbox.about == request))
        return [row.body["happened"] for row in rows]


async def waiting(b: Borrowing) -> tuple[UUID, str]:
    """A request that waits for the one copy, which is lent."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await rule(b.database, b.supplier, supply_answers="hand")
    request = await b.place(title)
    await b.act(b.supplier, request, S, "decline", reason="NotOnShelf")
    assert (await b.wish(request)).state == "WAITING"
    return request, barcode


async def invalid(b: Borrowing, request: UUID) -> None:
    """The next copy that comes free finds that the reader may not borrow."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        work = turn(session)
        found = await work.find(request, R)
        assert found is not None
        assert found.barred
        assert await work.happen(found, "invalid")
        await work.write()
    await deliver(b.database)
