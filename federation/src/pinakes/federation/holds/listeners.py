"""What holds do when shelves change and supplies move on."""

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.events import SupplyMoved
from pinakes.federation.holds.newness import count_new
from pinakes.federation.holds.targeting import offer_returned
from pinakes.platform.carrier import numbers
from pinakes.platform.db import Database
from pinakes.platform.messages import Heard, Message
from pinakes.tenants.items.events import ItemsChanged

NOTE = text("SELECT commons.note_supplies(:supplier, :told)").bindparams(
    bindparam("told", type_=JSONB())
)
CONCERNS = text("""
    SELECT s.new_days > 0 AS new_days, EXISTS (
        SELECT FROM commons.holding h JOIN commons.wanted w USING (edition_id)
        WHERE h.tenant_id = :branch AND h.record_id = ANY(CAST(:records AS uuid[]))
          AND w.offered_by IS NULL) AS waited_for
    FROM (SELECT) AS one LEFT JOIN commons.supplier s ON s.tenant_id = :branch
""")
TAKEN = "SELECT inbox_heard($1, $2, $3)"


async def shelves_changed(session: AsyncSession, event: ItemsChanged, message: Message) -> None:
    """Offer what is free now to those who wait; discovery has counted the copies before us.

    Whoever begins to wait after our look finds those copies himself.
    """
    told = {"branch": message.receiver, "records": event.records}
    concerns = (await session.execute(CONCERNS, told)).one()
    if concerns.new_days:
        await count_new(session, message.receiver, event.records)
    if concerns.waited_for:
        await offer_returned(session, message.receiver, event.records)


async def supplies_moved(session: AsyncSession, heard: Heard[SupplyMoved]) -> None:
    """Keep the scoreboard that choosing reads."""
    await note_supplies(session.info["database"], heard)


async def supplies_moved_leanly(database: Database, heard: Heard[SupplyMoved]) -> bool:
    """The same; told again after a crash between its two calls, it counts nothing twice."""
    await note_supplies(database, heard)
    messages = [message for _, message in heard]
    await database.hot.execute(TAKEN, messages[0].receiver, *numbers(messages))
    return True


async def note_supplies(database: Database, heard: Heard[SupplyMoved]) -> None:
    told = [event for event, message in heard if message.sender == message.receiver]
    async with database.public.connect() as connection:
        public = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await public.execute(NOTE, {"supplier": heard[0][1].receiver, "told": told})
