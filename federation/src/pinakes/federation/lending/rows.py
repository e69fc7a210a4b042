"""A party's row: read, told to the party logic, and written again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.party import Party
from pinakes.platform.db import uuid7
from pinakes.tenants.circulation.policy import calendar

SHELVING = {"shelve", "Coming"}  # what brings a book onto our hold shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A party as its row says, and what of the row is no business of the party logic."""

    id: UUID
    party: Party
    version: int = 0
    since: datetime | None = None  # when it took its last step; None: it takes the first
    item: UUID | None = None
    reasons: Mapping[str, Any] | None = None
    trouble: str | None = None
    said: Sequence[Mapping[str, Any]] = ()
    shelf: Mapping[str, Any] | None = None  # how long our hold shelf keeps a book
    lent_until: int | None = None  # our desk has lent it, and the party has not heard of it
    copy: Mapping[str, Any] | None = None  # on our shelf, while we are to answer
    barred: bool = False  # our reader, who may borrow nothing at present
    awaited: bool = False  # with our reader, while others wait to collect the title here
    sender: int | None = None  # of the parcel that it was scanned in

    def learns(self, on: str, moment: datetime) -> dict[str, Any]:
        """What our branch knows of a step before it is made."""
        if self.shelf is None or on not in SHELVING:
            return {}
        shelf = self.shelf
        days = calendar(shelf["zone"], shelf["weekdays"], shelf["closed"])
        return {"collect_by": int(days.due(moment, shelf["days"]).timestamp())}


class Sought(NamedTuple):
    """A party of ours that is looked for: in this attempt, with this item, or the last one."""

    request: UUID
    role: Role
    attempt: int | None = None
    item: UUID | None = None


def written(found: Found, on: str, effects: list[str]) -> dict[str, Any]:
    """A party as its row, with what happened to it."""
    party = found.party
    return {
        "id": found.id,
        "request_id": party.request,
        "role": party.role,
        "attempt": party.attempt,
        "version": found.version,
        "home_id": party.home,
        "pickup_id": party.pickup,
        "supplier_id": party.supplier,
        "state": party.state,
        "model": party.model,
        "service": party.service,
        "flags": sorted(party.flags),
        "facts": party.facts,
        "alarm": party.alarm,
        "alarm_at": party.alarm_at,
        "over": party.over,
        "item_id": found.item,
        "reasons": found.reasons,
        "trouble": found.trouble,
        "said": found.said,
        "on": on,
        "effects": effects,
        "audit": uuid7(),
    }


def found_in(row: Mapping[str, Any]) -> Found:
    """A party out of its row."""
    party = Party(
        request=UUID(str(row["request_id"])),
        role=Role(row["role"]),
        attempt=row["attempt"],
        home=row["home_id"],
        pickup=row["pickup_id"],
        supplier=row["supplier_id"],
        state=row["state"],
        model=row["model"],
        service=row["service"],
        flags=frozenset(row["flags"]),
        facts=row["facts"],
        alarm=row["alarm"],
        alarm_at=row["alarm_at"],
    )
    return Found(
        id=UUID(str(row["id"])),
        party=party,
        version=row["version"],
        since=datetime.fromisoformat(str(row["changed_at"])),
        item=UUID(str(row["item_id"])) if row["item_id"] else None,
        trouble=row["trouble"],
        shelf=row.get("shelf"),
        lent_until=row.get("lent_until"),
        copy=row.get("copy"),
        barred=row.get("barred", False),
        awaited=row.get("awaited", False),
        sender=row.get("sender"),
    )


def fresh(party: Party) -> Found:
    """A party that has no row yet."""
    return Found(id=uuid7(), party=party)


def knowing(found: Found, **facts: Any) -> Found:
    """The same party, with more facts."""
    return changed(found, party=replace(found.party, facts={**found.party.facts, **facts}))


def found_of(row: PartyRow) -> Found:
    """A party out of a row that was listed."""
    told = {column.key: getattr(row, column.key) for column in PartyRow.__table__.columns}
    return changed(found_in(told), reasons=row.reasons)
