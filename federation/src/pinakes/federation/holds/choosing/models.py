"""Public tables of choosing: what every branch may know of every other, and no reader."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base

KEPT = timedelta(days=40)  # for so long after its end an attempt is known: see Supply


class Supplier(Base):
    """A branch's terms as the settings say, kept ready; and, from ``open`` on, its load."""

    __tablename__ = "supplier"
    __table_args__ = (
        Index("supplier_province", "province"),
        Index("supplier_place", text("point(longitude, latitude)"), postgresql_using="gist"),
        {"schema": "commons"},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    consortium_id: Mapped[int]
    active: Mapped[bool]
    province: Mapped[int | None]
    city: Mapped[int | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    pause_from: Mapped[date | None]
    pause_until: Mapped[date | None]
    daily_cap: Mapped[int | None]
    courier_days: Mapped[int]
    cost: Mapped[int]
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    mask: Mapped[int] = mapped_column(BigInteger)  # one bit or another for each group
    last_resort: Mapped[bool]
    local_days: Mapped[int]  # for which its own readers go before others
    new_days: Mapped[int]  # for which a new item serves them alone
    opens: Mapped[date | None]  # the first open day; none in the next month
    reckoned: Mapped[date]  # the day all this was true of
    open: Mapped[int] = mapped_column(server_default="0")  # supplies under way
    asked: Mapped[int] = mapped_column(server_default="0")  # requests of the day ``asked_on``
    asked_on: Mapped[date | None]
    balance: Mapped[int] = mapped_column(server_default="0")  # supplied less borrowed


class SupplierPolicy(Base):
    """The setting ``lending.policy`` as it holds at a branch, as text."""

    __tablename__ = "supplier_policy"
    __table_args__ = {"schema": "commons"}

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    versions: Mapped[str]


class Supply(Base):
    """One attempt at a request, so that the same news of it counts once."""

    __tablename__ = "supply"
    __table_args__ = (
        Index("supply_pending", "edition_id", postgresql_where=text("pending")),
        Index("supply_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        {"schema": "commons"},
    )

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    supplier: Mapped[int]
    home: Mapped[int]
    edition_id: Mapped[UUID | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    pending: Mapped[bool]  # asked for a copy that still counts as available
    shipped_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class NewCopies(Base):
    """How many copies of a record on a branch's shelf are so new that they stay at home."""

    __tablename__ = "new_copies"
    __table_args__ = (Index("new_copies_until", "until"), {"schema": "commons"})

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    copies: Mapped[int]
    until: Mapped[datetime]  # when the first of them is new no longer
