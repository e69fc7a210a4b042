"""What holds do when shelves change and supplies move on."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.events import SupplyMoved
from pinakes.federation.holds.targeting import offer_all
from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import Message
from pinakes.tenants.items.events import ItemsChanged

WAITED_FOR = text("""
    SELECT DISTINCT h.edition_id FROM commons.holding h
    WHERE h.tenant_id = :tenant AND h.record_id = ANY (CAST(:records AS uuid[]))
      AND h.available > 0 AND EXISTS (SELECT FROM commons.wanted w
                                      WHERE w.edition_id = h.edition_id AND w.offered_by IS NULL)
""")
FORGIVE = text("""
    UPDATE commons.wanted SET refused = array_remove(refused, :tenant)
    WHERE edition_id = ANY (CAST(:editions AS uuid[])) AND :tenant = ANY (refused)
""")
NOTE = text("""
    SELECT commons.note_supply(:request, :attempt, :supplier, :home, :edition, :step)
""")


async def shelves_changed(session: AsyncSession, event: ItemsChanged, message: Message) -> None:
    """Offer what is free now to those who wait; discovery has counted the copies before us."""
    database: Database = session.info["database"]
    told = {"tenant": message.receiver, "records": event.records}
    async with public_work(database.public) as public:
        editions: list[UUID] = list(await public.scalars(WAITED_FOR, told))
        if editions:
            await public.execute(FORGIVE, {"tenant": message.receiver, "editions": editions})
    for edition in editions:
        await offer_all(session, edition, at=message.receiver)


async def supply_moved(session: AsyncSession, event: SupplyMoved, message: Message) -> None:
    """Keep the scoreboard that choosing reads."""
    database: Database = session.info["database"]
    told = {
        "request": event.about,
        "attempt": event.attempt,
        "supplier": message.sender,
        "home": event.home,
        "edition": event.edition,
        "step": event.step,
    }
    async with public_work(database.public) as public:
        await public.execute(NOTE, told)
