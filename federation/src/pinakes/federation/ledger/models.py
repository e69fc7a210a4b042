"""A branch's own events, the commitments that wait for the log, and the log itself.

The log is read by all; only the role ``pinakes_ledger`` adds to it, and nobody changes it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index


class Event(TenantOwned, Base):
    """What happened at a branch, as the text that was committed to; it never changes."""

    __tablename__ = "ledger_event"
    __table_args__ = (index("about"),)

    about: Mapped[UUID]
    event: Mapped[str]
    salt: Mapped[bytes]


class Waiting(TenantOwned, Base):
    """A commitment that has not reached the log yet; no hot row, no number."""

    __tablename__ = "ledger_waiting"
    __table_args__ = (Index("ledger_waiting_created_at", "created_at"),)

    commitment: Mapped[bytes]


class Leaf(Base):
    """An entry of the log; its hash is unique, so that none can stand there twice."""

    __tablename__ = "ledger_leaf"
    __table_args__ = {"schema": "commons"}

    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(unique=True)
    data: Mapped[bytes]


class Subtree(Base):
    """The hash of a complete subtree of two leaves or more."""

    __tablename__ = "ledger_node"
    __table_args__ = {"schema": "commons"}

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class Head(Base):
    """A signed tree head: the log as it stood after one batch."""

    __tablename__ = "ledger_head"
    __table_args__ = {"schema": "commons"}

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    signed_at: Mapped[datetime]
    note: Mapped[str]


class KeyLeaf(Base):
    """Which leaves announce a key."""

    __tablename__ = "ledger_key"
    __table_args__ = {"schema": "commons"}

    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Cosigner(Base):
    """The public half of a key outside the cell: a branch signs with it what it has checked."""

    __tablename__ = "ledger_cosigner"
    __table_args__ = {"schema": "commons"}

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(unique=True)
    since: Mapped[datetime]


class Cosignature(Base):
    """A branch's signature under a head."""

    __tablename__ = "ledger_cosignature"
    __table_args__ = {"schema": "commons"}

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[bytes]
    line: Mapped[str]
