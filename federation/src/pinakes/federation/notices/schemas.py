"""What travels over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from msgspec import Meta, Struct

from pinakes.federation.notices import models
from pinakes.federation.notices.machine import Action, Channel, State, by_hand
from pinakes.platform.outside import LONGEST
from pinakes.tenants.registry.noticing import Wording

Kind = Literal[
    "ready", "expired", "gone", "unfilled", "copy", "condition", "not_renewed", "recalled",
    "barred", "corrected", "left", "due_soon", "overdue",
]  # fmt: skip


class NoticeView(Struct, kw_only=True):
    """A notice; *reason* is a code: why it waits, failed or is unsure."""

    id: UUID
    kind: str
    channel: Channel
    state: State
    reason: str | None
    tries: int
    about: UUID
    person: UUID
    created_at: datetime
    changed_at: datetime
    next: list[Action]

    @classmethod
    def of(cls, row: models.Notice) -> Self:
        told: dict[str, Any] = {"person": row.person_id, "next": by_hand(row.state)}
        plain = [name for name in cls.__struct_fields__ if name not in told]
        return cls(**told, **{name: getattr(row, name) for name in plain})


class WholeNotice(Struct):
    """A notice, in the words in which it would be sent now."""

    notice: NoticeView
    language: str
    subject: str
    text: str


class Preview(Struct, forbid_unknown_fields=True):
    """Words to try; without them those that hold at the branch are shown."""

    kind: Kind
    language: Literal["zh", "en"] = "zh"
    wording: Wording | None = None


class Letter(Struct):
    """What a reader would get."""

    subject: str
    text: str


class NewHook(Struct, forbid_unknown_fields=True):
    """Where notices are to be sent, as signed JSON."""

    address: Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class HookView(Struct):
    """The branch's webhook."""

    address: str
    since: datetime


class HookMade(Struct):
    """The same with its secret, which is told this once."""

    address: str
    since: datetime
    secret: str
