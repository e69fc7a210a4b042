"""Messages: what happened, kept in the same transaction as the change, delivered once.

A message goes from one tenant to another, or to the sender itself. Two
transactions carry it, never one over two tenants: the receiver's (watermark
and effect), then the sender's acknowledgement. A crash between them sends it
again, and the receiver's watermark drops it. What is about one thing travels
together, in order.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import BigInteger, FetchedValue, Index, func, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, Database, TenantOwned, uuid7
from pinakes.platform.identity import Principal


class Event(Struct, frozen=True, kw_only=True):
    """A fact in the past tense. Subclasses hold ids and plain values only.

    ``about`` orders: messages about one thing arrive one by one, in order.
    """

    version: ClassVar[int] = 1
    crosses: ClassVar[bool] = False  # a branch of another cell may tell it, too
    look_again: ClassVar[bool] = False  # says no more: of several equal ones the last is enough

    about: UUID

    @property
    def branches(self) -> Collection[int | None]:
        """Which branches it names."""
        return ()

    @classmethod
    def at_once(cls, events: Sequence[Any]) -> Self | None:
        """One event that says what all of *events* say; None where there is no such thing."""
        return None


class Message(Struct, frozen=True, kw_only=True):
    """The envelope an event travels in."""

    id: UUID
    sender: int
    receiver: int
    seq: int
    about: UUID
    kind: str
    version: int
    actor: str | None  # the subject whose wish it was, and the role it had
    role: str | None
    created_at: datetime
    body: dict[str, Any]


type Listener[E: Event] = Callable[[AsyncSession, E, Message], Awaitable[None]]
type Heard[E: Event] = Sequence[tuple[E, Message]]
type Lean = Callable[[Database, Heard[Any]], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Together:
    """A listener that takes all that has come for its tenant at once; each thing's in order.

    *lean* does the same without a session: it moves the watermark by ``inbox_heard`` in the call
    that writes. It may say no, or that others were faster (PT409): what it has not taken by then
    goes the ordinary way.
    """

    hear: Callable[[AsyncSession, Heard[Any]], Awaitable[None]]
    lean: Lean | None = None


type Acting = Listener[Any] | Together


class Outbox(TenantOwned, Base):
    """Messages on their way, of every tenant; sent ones stay 30 days."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_new", "id", postgresql_where=text("seq IS NULL")),
        Index("outbox_open", "patient", "due_at", postgresql_where=text("state = 'waiting'")),
        Index(
            "outbox_about",
            "about", "receiver", "seq",
            postgresql_where=text("state <> 'sent'"),
        ),
        Index("outbox_sent", "sent_at", postgresql_where=text("state = 'sent'")),
    )  # fmt: skip

    receiver: Mapped[int] = mapped_column(server_default=text("pinakes_tenant()"))
    seq: Mapped[int | None] = mapped_column(BigInteger)  # given by the carrier, per pair
    about: Mapped[UUID]
    kind: Mapped[str]
    patient: Mapped[bool] = mapped_column(server_default=FetchedValue())  # nobody waits for it
    version: Mapped[int] = mapped_column(server_default="1")
    actor: Mapped[str | None]
    role: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="waiting")  # waiting, sent, dead
    tries: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    failure: Mapped[str | None]  # the kind of error only: its text may name a reader


class LastNumber(Base):
    """The last number given between a sender and a receiver."""

    __tablename__ = "outbox_sequence"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    receiver: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)


class Inbox(Base):
    """Up to which number a receiver has applied everything of a sender."""

    __tablename__ = "inbox"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sender: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    upto: Mapped[int] = mapped_column(BigInteger, server_default="0")
    # of what another cell has brought: when it was said; of a sender here: when the mark last moved
    newest: Mapped[datetime | None]


class Ahead(Base):
    """What a receiver applied past a gap; swept into the watermark when the gap closes."""

    __tablename__ = "inbox_ahead"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sender: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


def emit(session: AsyncSession, event: Event, *, to: int | None = None) -> None:
    """Tell tenant *to* (or our own listeners), if and only if this transaction commits."""
    asker: Principal | None = session.info.get("asker")
    row = Outbox(
        id=uuid7(),
        about=event.about,
        kind=type(event).__name__,
        version=type(event).version,
        body=msgspec.to_builtins(event),
        actor=asker.subject if asker else None,
        role=asker.role if asker else None,
    )
    if to is not None:
        row.receiver = to
    session.add(row)
    session.info["told"] = True  # after the commit the worker is woken
