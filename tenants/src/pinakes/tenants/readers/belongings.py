"""What a branch takes along of its readers, beside the table that an import takes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.exporting import ASKED_ANEW, BY_TABLE, first_numbers
from pinakes.tenants.readers.models import Card, Consent, Kind, Reader

SAID = ("name", "reader_kind", "born", "contact", "until", "state", "blocks", "keep_history")


async def readers_told(session: AsyncSession, rows: Sequence[Reader]) -> list[Line]:
    people = [row.person_id for row in rows]
    carried: dict[UUID, list[Line]] = {}
    found = await session.scalars(
        select(Card)
        .where(Card.tenant_id == func.pinakes_tenant(), Card.person_id.in_(people))
        .order_by(Card.old, Card.id)
    )
    for card in found:
        carried.setdefault(card.person_id, []).append(plain(card, "number", "old", "state"))
    return [{"cards": carried.get(row.person_id, []), **plain(row, *SAID)} for row in rows]


async def consents_told(session: AsyncSession, rows: Sequence[Consent]) -> list[Line]:
    numbers = await first_numbers(session, [row.person_id for row in rows])
    homes = await codes(session, {row.home_id for row in rows})
    told = ("purpose", "version", "digest", "language", "created_at", "withdrawn_at")
    return [
        {"card": numbers.get(row.person_id), "home": homes.get(row.home_id), **plain(row, *told)}
        for row in rows
    ]


BELONGINGS = (
    Belonging(
        name="readers.jsonl",
        zh="本馆读者，每人一行：全部证号及其状态、停借原因、是否保留借阅史；不含密码",
        en="Our own readers, a line for each: all cards and what has become of them, blocks, "
        "whether past loans are kept; no PIN",
        rows=select(Reader).where(Reader.kind == Kind.HOME),
        key=Reader.id,
        told=readers_told,
        reason=BY_TABLE,
    ),
    Belonging(
        name="consents.jsonl",
        zh="读者给予本馆的同意及撤回（证据）",
        en="What readers have let this branch know, and what they have taken back: evidence",
        rows=select(Consent).where(Consent.tenant_id == func.pinakes_tenant()),
        key=Consent.id,
        told=consents_told,
        reason=ASKED_ANEW,
    ),
)
