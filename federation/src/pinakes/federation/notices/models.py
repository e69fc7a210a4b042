"""Tables of notices: each once, when its next try is due, what readers chose, and webhooks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.federation.notices.machine import Channel, State
from pinakes.platform.db import Base, TenantOwned, index

READER = (["tenant_id", "person_id"], ["reader.tenant_id", "reader.person_id"])


class Notice(TenantOwned, Base):
    """One thing told to one reader by one way; its key lets the same thing be told once."""

    __tablename__ = "notice"
    __table_args__ = (
        ForeignKeyConstraint(*READER, ondelete="CASCADE"),
        index("about", "kind", "occasion", "person_id", "channel", unique=True),
        index("person_id"),
        index("state", where="state NOT IN ('sent', 'dismissed')"),
        index("changed_at"),
    )

    about: Mapped[UUID]  # the request; for loans, the reader
    kind: Mapped[str]
    occasion: Mapped[str]  # which time: an attempt and its due date, or a day
    person_id: Mapped[UUID]
    channel: Mapped[Channel]
    state: Mapped[State]
    reason: Mapped[str | None]  # why it waits, failed or is unsure: a code
    facts: Mapped[dict[str, Any]]  # see ``wording.Facts``; the address is never in them
    tries: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="0")
    since: Mapped[datetime] = mapped_column(server_default=func.now())  # it waits; too long is void
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NoticeDue(TenantOwned, Base):
    """A notice that is to be sent, by the same id; ``due_at`` lies ahead while it is leased."""

    __tablename__ = "notice_due"
    __table_args__ = (Index("notice_due_channel", "channel", "due_at"),)

    channel: Mapped[Channel]
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NoticeChoice(TenantOwned, Base):
    """Whether a reader of ours wants notices, and in which language; no row: yes, the branch's."""

    __tablename__ = "notice_choice"
    __table_args__ = (
        ForeignKeyConstraint(*READER, ondelete="CASCADE"),
        index("person_id", unique=True),
    )

    person_id: Mapped[UUID]
    wanted: Mapped[bool]
    language: Mapped[str | None]


class Hook(TenantOwned, Base):
    """Where the branch wants its readers' notices sent, too; *secret* signs them."""

    __tablename__ = "notice_hook"
    __table_args__ = (Index("notice_hook_tenant_id", "tenant_id", unique=True),)

    address: Mapped[str]
    secret: Mapped[str]
