"""What other features do with the ledger: write down what happened."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.ledger.checking import Own
from pinakes.federation.ledger.models import Event

RECORD = text("SELECT ledger_record(:kind, :about, :facts)").bindparams(
    bindparam("facts", type_=JSONB())
)


async def record(session: AsyncSession, kind: str, about: UUID, facts: dict[str, Any]) -> UUID:
    """Write an event down in this transaction and tenant; it is in the log within a second.

    The event stays with the branch; the log gets a commitment that tells nothing of it. *facts*
    name no reader: whoever may check the branch's events would learn of them.
    """
    id: UUID = await session.scalar(RECORD, {"kind": kind, "about": about, "facts": facts})
    return id


def own(row: Event) -> Own:
    """An event as the checks take it."""
    return Own(row.id, row.event, row.salt)
