"""What waits in the outboxes, and what could not be applied: for whoever looks after them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import func, select, true, update

from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import Outbox


class Letter(Struct, frozen=True):
    """A dead letter without its body, which may name a reader."""

    id: UUID
    kind: str
    sender: int
    receiver: int
    created_at: datetime
    failure: str | None


class Lag(Struct, frozen=True):
    """What is on its way between two tenants; ``seconds`` is the age of the oldest."""

    sender: int
    receiver: int
    waiting: int
    dead: int
    seconds: float


async def dead_letters(database: Database) -> Sequence[Letter]:
    """Messages that could not be applied, oldest first."""
    columns = (Outbox.id, Outbox.kind, Outbox.tenant_id, Outbox.receiver, Outbox.created_at)
    dead = select(*columns, Outbox.failure).where(Outbox.state == "dead")
    async with public_work(database.carrier) as session:
        rows = await session.execute(dead.order_by(Outbox.created_at))
        return [Letter(*row) for row in rows]


async def replay(database: Database, *ids: UUID) -> int:
    """Give these dead letters, or all if none is named, another five tries; how many there were."""
    named = Outbox.id.in_(ids) if ids else true()
    async with public_work(database.carrier) as session:
        replayed = await session.scalars(
            update(Outbox)
            .where(Outbox.state == "dead", named)
            .values(state="waiting", tries=0, due_at=func.now())
            .returning(Outbox.id)
        )
        return len(replayed.all())


async def lag(database: Database) -> Sequence[Lag]:
    """Every pair of tenants between which something has not arrived, the longest wait first."""
    pair = (Outbox.tenant_id, Outbox.receiver)
    age = func.extract("epoch", func.now() - func.min(Outbox.created_at))
    counts = (
        func.count().filter(Outbox.state == "waiting"),
        func.count().filter(Outbox.state == "dead"),
    )
    late = select(*pair, *counts, age).where(Outbox.state != "sent").group_by(*pair)
    async with public_work(database.carrier) as session:
        rows = await session.execute(late.order_by(age.desc()))
        return [Lag(*row[:4], float(row[4])) for row in rows]
