"""Public tables of holds: who waits for which title, and how long others waited. No reader."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, Integer, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base


class Wanted(Base):
    """A request that waits for a copy; its place is where it stands among these rows."""

    __tablename__ = "wanted"
    __table_args__ = (
        Index("wanted_turn", "edition_id", "rank", "placed_at", "request_id"),
        Index("wanted_suspended", "suspended_until"),
        Index("wanted_item", "item_id", postgresql_where=text("item_id IS NOT NULL")),
        {"schema": "commons"},
    )

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    edition_id: Mapped[UUID]
    owner: Mapped[int | None]  # whose record, or item, it must be
    record_id: Mapped[UUID | None]
    item_id: Mapped[UUID | None]
    home: Mapped[int]
    pickup: Mapped[int]
    fits: Mapped[dict[str, bool]] = mapped_column(JSONB, server_default="{}")  # see kinds.py
    needed_by: Mapped[date | None]  # later than that, no copy is of use
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    rank: Mapped[int] = mapped_column(server_default="0")  # the lower goes first
    place: Mapped[int]  # when it was placed
    suspended_until: Mapped[datetime | None]
    offered_by: Mapped[int | None]  # who keeps a copy for it
    offered_at: Mapped[datetime | None]
    refused: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")


class Waited(Base):
    """How long a request waited that got its copy, and at which place it had begun."""

    __tablename__ = "waited"
    __table_args__ = (
        Index("waited_edition", "edition_id", "filled_at"),
        Index("waited_filled_at", "filled_at"),
        {"schema": "commons"},
    )

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    edition_id: Mapped[UUID]
    placed_at: Mapped[datetime]
    filled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    place: Mapped[int]
