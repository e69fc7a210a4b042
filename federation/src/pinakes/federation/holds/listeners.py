"""What holds do when shelves change and supplies move on."""

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.events import SupplyMoved
from pinakes.federation.holds.newness import count_new
from pinakes.federation.holds.targeting import offer_returned
from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import Heard, Message
from pinakes.tenants.items.events import ItemsChanged

NOTE = text("SELECT commons.note_supplies(:supplier, :told)").bindparams(
    bindparam("told", type_=JSONB())
)


async def shelves_changed(session: AsyncSession, event: ItemsChanged, message: Message) -> None:
    """Offer what is free now to those who wait; discovery has counted the copies before us."""
    await count_new(session, message.receiver, event.records)
    await offer_returned(session, message.receiver, event.records)


async def supplies_moved(session: AsyncSession, heard: Heard[SupplyMoved]) -> None:
    """Keep the scoreboard that choosing reads."""
    database: Database = session.info["database"]
    told = [event for event, message in heard if message.sender == message.receiver]
    async with public_work(database.public) as public:
        await public.execute(NOTE, {"supplier": session.info["tenant"], "told": told})
