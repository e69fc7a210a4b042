"""A wrong meeting is split and stays split, a missed one joined: by a person, record by record."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.assigning import Placed
from pinakes.federation.discovery.meeting import Rule
from pinakes.federation.discovery.models import EditionChoice
from pinakes.federation.discovery.service import GONE, NoSuchEdition
from pinakes.platform.audit import note
from pinakes.platform.db import uuid7
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.catalogue.service import find, keys_of

HERE = text("""
    SELECT e.id FROM commons.edition e
    JOIN commons.tenant t ON t.id = :tenant AND t.consortium_id = e.consortium_id
    WHERE e.id = :edition AND EXISTS (SELECT FROM commons.holding h WHERE h.edition_id = e.id)
""")


async def split(session: AsyncSession, record: UUID) -> UUID:
    """Give a record of this branch a title of its own, for good; the title's id."""
    key = (await find(session, record)).key
    before = await choice_of(session, key)
    if before is not None and before.verdict == Rule.SPLIT:
        return before.edition_id
    return await put(session, record, key, Placed(uuid7(), Rule.SPLIT))


async def join(session: AsyncSession, record: UUID, edition: UUID) -> UUID:
    """Let a record of this branch be one with a title, for good, or NoSuchEdition."""
    key = (await find(session, record)).key
    if await session.scalar(HERE, {"edition": edition, "tenant": session.info["tenant"]}) is None:
        raise NoSuchEdition(GONE)
    before = await choice_of(session, key)
    if before is not None and before.edition_id == edition:
        return edition
    return await put(session, record, key, Placed(edition, Rule.JOINED))


async def release(session: AsyncSession, record: UUID) -> None:
    """Leave it to the rules again where a record belongs."""
    key = (await find(session, record)).key
    if await choice_of(session, key) is None:
        return
    await session.execute(delete(EditionChoice).where(EditionChoice.record_key == key))
    tell(session, record, "released")


async def put(session: AsyncSession, record: UUID, key: str, placed: Placed) -> UUID:
    row = {"edition_id": placed.edition, "verdict": placed.rule.value}
    added = insert(EditionChoice).values(id=uuid7(), record_key=key, **row)
    await session.execute(
        added.on_conflict_do_update(index_elements=["tenant_id", "record_key"], set_=row)
    )
    tell(session, record, placed.rule)
    return placed.edition


def tell(session: AsyncSession, record: UUID, verdict: str) -> None:
    note(session, f"title.{verdict}", record)
    emit(session, RecordsChanged(about=record, records=[record]))


async def choice_of(session: AsyncSession, key: str) -> EditionChoice | None:
    """What a person has decided about the record with this key."""
    return await session.scalar(select(EditionChoice).where(EditionChoice.record_key == key))


async def chosen(session: AsyncSession, records: Sequence[UUID]) -> dict[UUID, Placed]:
    """Where people have put some of these records of this branch."""
    if await session.scalar(select(EditionChoice.id).limit(1)) is None:
        return {}
    keys = await keys_of(session, records)
    rows = await session.scalars(
        select(EditionChoice).where(EditionChoice.record_key.in_(keys.values()))
    )
    choices = {row.record_key: Placed(row.edition_id, Rule(row.verdict)) for row in rows}
    return {id: choices[key] for id, key in keys.items() if key in choices}
