"""The public catalogue's tables: no personal data, read by all, written by the worker."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base


class Edition(Base):
    """One title of a consortium, whoever holds it; ``rule`` says why records meet in it."""

    __tablename__ = "edition"
    __table_args__ = (
        Index("edition_key", "consortium_id", "key", unique=True),
        {"schema": "commons"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consortium_id: Mapped[int]
    key: Mapped[str]
    rule: Mapped[str]


class Holding(Base):
    """One branch's record of an edition, as the branch describes it, and its copies."""

    __tablename__ = "holding"
    __table_args__ = (Index("holding_edition_id", "edition_id"), {"schema": "commons"})

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("commons.edition.id"))
    title_fields: Mapped[dict[str, Any]]
    call_numbers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    items: Mapped[int]
    available: Mapped[int]


class EditionChanged(Base):
    """An edition that the index has not seen yet; ``version`` grows if it changes meanwhile."""

    __tablename__ = "edition_changed"
    __table_args__ = {"schema": "commons"}

    edition_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")


class BranchShown(Base):
    """A branch whose titles the index shows; others are suspended, or gone."""

    __tablename__ = "branch_shown"
    __table_args__ = {"schema": "commons"}

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
