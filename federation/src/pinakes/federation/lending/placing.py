"""Placing a request: the rules of reservation, then whoever can supply it is asked at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from pinakes.federation.holds.kinds import Allowed, allow
from pinakes.federation.holds.rules import Facts
from pinakes.federation.lending.facts import LAST
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import born
from pinakes.federation.lending.pausing import DayPast
from pinakes.federation.lending.rows import fresh
from pinakes.federation.lending.schemas import NewRequest
from pinakes.federation.lending.service import NoSuchCopy, TitleUnknown, last
from pinakes.federation.lending.turn import Turn
from pinakes.platform.clock import local, now
from pinakes.platform.db import uuid7
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import BadRequest
from pinakes.tenants.readers.rules import alias, blocks_of
from pinakes.tenants.readers.standing import ReaderUnknown
from pinakes.tenants.registry.sharing import HoldRule

YEAR = 365.2425


class NothingWanted(BadRequest):
    code = "nothing_wanted"
    title = "Say which title, or which record of which branch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Who wants what, to be collected where."""

    here: Tenant
    pickup: Tenant
    person: UUID | None  # none: whose card is presented, once it has been looked at
    wish: NewRequest
    owner: int | None
    by_desk: bool = False

    @classmethod
    def of(
        cls, directory: Directory, here: Tenant, person: UUID | None, wish: NewRequest
    ) -> "Placing":
        """The branches by their codes.

        Raises:
            NothingWanted, TitleUnknown: there is nothing to ask for, or not in this consortium.
        """
        if wish.edition is None and (wish.record is None or wish.owner is None) and not wish.title:
            raise NothingWanted("Send `edition`, or `owner` and `record`, or at least a `title`.")
        if wish.item and not (wish.record and wish.owner):
            raise NothingWanted("An item is told by `owner`, `record` and `item`.")
        owner = directory.coded(wish.owner) if wish.owner else None
        if owner is not None and owner.consortium != here.consortium:
            raise TitleUnknown("Ask for what a branch of this consortium holds.")
        return cls(
            here=here,
            pickup=directory.coded(wish.pickup),
            person=person,
            wish=wish,
            owner=owner.id if owner else None,
            by_desk=person is None,
        )

    @property
    def question(self) -> tuple[Any, ...]:
        """What read_place has to be told, after tenant and key."""
        wish = self.wish
        what = wish.edition, self.owner, wish.record, wish.item
        return self.person, *what, wish.title

    def allow(self, known: Mapping[str, Any]) -> Allowed:
        """What the rules of reservation allow of it; the first refusal is raised."""
        if self.wish.needed_by and self.wish.needed_by < local(now(), self.here.zone).date():
            raise DayPast("Send a later `needed_by`, or none.")
        if known.get("reader_kind") is None or not known["at_home"]:
            raise ReaderUnknown("Nobody here has this person's home.")
        if self.wish.title == "" and known["edition"] is None:
            raise TitleUnknown("Search for it again: it may have been taken out of stock.")
        if self.wish.item and not known["copy"]:
            raise NoSuchCopy.told()
        pickup = self.pickup
        facts = Facts(
            reader_kind=known["reader_kind"],
            age=age(known["born"]),
            blocks=blocks_of(known["may_borrow"], known["blocks"]),
            rules=msgspec.convert(known["rules"], list[HoldRule]),
            holds=known["holds"],
            most=known["most"],
            has_it=bool(known["same"]),
            sure=self.wish.sure,
            pickup=reach(self.here, pickup),
            pickups=known["pickups"],
            pickup_open=pickup.state == "active" and pickup.consortium == self.here.consortium,
        )
        return allow(facts, known["kinds"], known["of_kinds"])

    async def place(self, work: Turn, known: Mapping[str, Any]) -> dict[str, Any]:
        """The first steps of a new request; its row for the reader's list.

        Raises:
            HoldRefused: a rule says no; see ``holds.rules``.
            TitleUnknown, NoSuchCopy: it is not, or no longer, in stock.
        """
        allowed = self.allow(known)
        row = self.row(known, allowed.kind)
        party = born(
            Role.REQUESTER,
            row["id"],
            1,
            self.here.id,
            self.pickup.id,
            None,
            service=self.wish.service,
            flags=frozenset({"copy"} if self.wish.copy else ()),
            facts=self.facts(row, known, allowed),
        )
        await work.happen(fresh(party), self.beginning(known))
        return row | {"state": last(work, Role.REQUESTER).party.state}

    def beginning(self, known: Mapping[str, Any]) -> str:
        """How it begins: the staff look at what a reader asks for twice, and no catalogue holds."""
        if known["edition"] is None or not known["kinds"]:
            return "unknown_title"
        return "duplicate" if known["same"] and not self.by_desk else "valid"

    def row(self, known: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """The request as it begins."""
        wish = self.wish
        return {
            "id": uuid7(),
            "person_id": self.person,
            "title": known["title"] or wish.title,
            "edition_id": known["edition"],
            "owner_id": self.owner,
            "record_id": wish.record,
            "item_id": wish.item,
            "kind": kind,
            "pickup_id": self.pickup.id,
            "service": wish.service,
            "needed_by": wish.needed_by,
            "note": wish.note,
            "in_house": wish.in_house,
            "attempt": 1,
            "state": "NEW",
            "over": False,
        }

    def facts(
        self, row: Mapping[str, Any], known: Mapping[str, Any], allowed: Allowed
    ) -> dict[str, Any]:
        """What parties may come to know; the reader is named to the pickup branch alone."""
        told = {
            "title": row["title"],
            "edition": known["edition"],
            "wanted_owner": self.owner,
            "wanted_record": str(row["record_id"]) if row["record_id"] else None,
            "wanted_item": str(row["item_id"]) if row["item_id"] else None,
            "fits": allowed.fits,
            "rule": allowed.rule,
            "needed_by": last_moment(row["needed_by"], self.here.zone),
            "reader_note": row["note"],
            "in_house": row["in_house"],
            "person": str(self.person),
            "alias": str(alias(self.person, self.pickup.id)) if self.person else None,
            "label": known["label"],
            "pickup_code": self.pickup.code,
        }
        return {name: fact for name, fact in told.items() if fact not in (None, "", False, {})}


def reach(here: Tenant, pickup: Tenant) -> Literal["home", "province", "elsewhere"]:
    """How far off the place of pickup is."""
    if pickup.id == here.id:
        return "home"
    return "province" if here.path[1:2] == pickup.path[1:2] != [] else "elsewhere"


def age(born: str | None) -> int | None:
    return None if born is None else int((now().date() - date.fromisoformat(born)).days / YEAR)


def last_moment(day: date | None, zone: str) -> int | None:
    """When that day ends by the clocks of *zone*, in seconds since 1970."""
    if day is None:
        return None
    return min(int(datetime.combine(day, time.max, ZoneInfo(zone)).timestamp()), LAST)
