"""What people have decided about editions, on its way out and in again."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.assigning import Placed
from pinakes.federation.discovery.choosing import choice_of, put
from pinakes.federation.discovery.meeting import Rule
from pinakes.federation.discovery.models import EditionChoice
from pinakes.platform.belongings import Belonging, Bring, Brought, Line
from pinakes.platform.db import uuid7
from pinakes.tenants.catalogue.belongings import ids_of

OURS = text("""
    SELECT e.id FROM commons.edition e
    JOIN commons.tenant t ON t.id = pinakes_tenant() AND t.consortium_id = e.consortium_id
    WHERE e.id = ANY(:editions)
""")


class Chosen(msgspec.Struct):
    """Where a person has put a record; ``edition`` is its public title."""

    record: str
    edition: UUID
    verdict: Rule


async def choices_told(session: AsyncSession, rows: Sequence[EditionChoice]) -> list[Line]:
    return [
        {"record": row.record_key, "edition": row.edition_id, "verdict": row.verdict}
        for row in rows
    ]


async def bring_choices(session: AsyncSession, job: UUID, lines: Sequence[Chosen]) -> Brought:
    """The same public titles in the same consortium. In another one what was split stays apart."""
    brought = Brought(len(lines))
    records = await ids_of(session, [one.record for one in lines])
    ours = set(await session.scalars(OURS, {"editions": [one.edition for one in lines]}))
    for one in lines:
        before = await choice_of(session, one.record)
        if one.record not in records:
            brought.leave("no_such_record", one.record)
        elif before is not None and differs(before, one, ours):
            brought.leave("decided_here", one.record)
        elif before is not None:
            brought.unchanged += 1
        elif one.edition not in ours and one.verdict is not Rule.SPLIT:
            brought.leave("no_such_edition", one.record)
        else:
            edition = one.edition if one.edition in ours else uuid7()
            await put(session, records[one.record], one.record, Placed(edition, one.verdict))
            brought.new += 1
    return brought


def differs(before: EditionChoice, one: Chosen, ours: set[UUID]) -> bool:
    """Whether somebody has said something else here."""
    other = one.edition in ours and before.edition_id != one.edition
    return other or before.verdict != one.verdict


BELONGINGS = (
    Belonging(
        name="editions.jsonl",
        zh="人工判定：某条书目与公共目录中的某一版本分开（split）或合并（joined）",
        en="What people have decided: a record is split from, or joined with, a public title",
        rows=select(EditionChoice),
        key=EditionChoice.id,
        told=choices_told,
        bring=Bring(Chosen, bring_choices),
    ),
)
