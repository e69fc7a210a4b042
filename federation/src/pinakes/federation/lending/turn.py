"""One turn at one branch: a chain of steps, kept in memory and written by one call."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.choosing.service import Choice, Wish
from pinakes.federation.holds.events import Step as Progress
from pinakes.federation.holds.events import SupplyMoved
from pinakes.federation.lending.acting import worded
from pinakes.federation.lending.events import PartyTold
from pinakes.federation.lending.mending import left
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import Key, Party, Step, Told, act, step
from pinakes.federation.lending.rows import Found, Sought, found_in, written
from pinakes.platform import clock
from pinakes.platform.db import driver, to_json, uuid7
from pinakes.platform.errors import Conflict
from pinakes.platform.identity import Principal
from pinakes.platform.log import request_id
from pinakes.platform.messages import Event
from pinakes.platform.outage import was_overtaken

LOOK = "SELECT lending_look($1)"
WRITE = "SELECT lending_write($1)"
SAID = ("receiver", "about", "kind", "body")  # kept with the party, for a repair


class ChangedMeanwhile(Conflict):
    code = "request_changed_meanwhile"
    title = "Others are moving the same request; try again"


class NeedsSession(Exception):
    """Something is to be decided that the lean road cannot see."""


type Choosing = Callable[[Wish], Awaitable[Choice]]
type Decision = Callable[["Turn", Found], Awaitable[None]]


@dataclass
class Turn:
    """What one transaction does to the parties that a branch has in requests."""

    here: int
    asker: Principal | None
    deciding: Mapping[str, Decision]  # effects that are steps themselves
    road: AsyncSession | None = None  # none: the lean one, whose caller reads and writes
    choosing: Choosing | None = None  # how the lean road asks whom to ask
    at: datetime = field(default_factory=clock.now)
    parties: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    books: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # on no request
    latest: dict[Key, Found] = field(default_factory=dict[Key, Found])
    seen: dict[Sought, Found | None] = field(default_factory=dict[Sought, Found | None])
    memo: dict[str, Any] = field(default_factory=dict[str, Any])  # what decisions have looked up
    copies: dict[Key, Mapping[str, Any] | None] = field(
        default_factory=dict[Key, Mapping[str, Any] | None]
    )

    @property
    def session(self) -> AsyncSession:
        """What decisions look around in; NeedsSession on the lean road, which has none."""
        if self.road is None:
            raise NeedsSession
        return self.road

    @property
    def now(self) -> int:
        return int(self.at.timestamp())

    async def look(self, parties: Iterable[Sought]) -> None:
        """Read many parties in one trip; ``find`` then finds them here."""
        asked = list(dict.fromkeys(parties))
        told = to_json([one._asdict() for one in asked])
        rows = await (await driver(self.session)).fetchval(LOOK, told)
        self.seen |= {
            one: found_in(row) if row else None for one, row in zip(asked, rows, strict=True)
        }

    async def find(
        self, request: UUID, role: Role, attempt: int | None = None, item: UUID | None = None
    ) -> Found | None:
        """The party as it stands; one that has moved in this turn is written first."""
        sought = Sought(request, role, attempt, item)
        if any(key[:2] == sought[:2] for key in self.latest):
            await self.write()
            self.seen.pop(sought, None)
        if sought not in self.seen:
            await self.look([sought])
        return self.seen.pop(sought)

    async def act(self, found: Found, on: str, facts: Mapping[str, Any]) -> None:
        """Let a person do it, or MoveRefused; and all that follows here."""
        found = await self.caught_up(found)
        known = found.learns(on, self.at) | worded(on, facts)
        await self.settle(found, on, act(found.party, on, known, self.now))

    async def happen(self, found: Found, on: str, facts: Mapping[str, Any] | None = None) -> bool:
        """Let it happen, and all that follows here; whether anything did."""
        found = await self.caught_up(found)
        known = found.learns(on, self.at) | dict(facts or {})
        done = step(found.party, on, known, self.now)
        if done.move is not None:
            await self.settle(found, on, done)
        return done.move is not None

    async def caught_up(self, found: Found) -> Found:
        """The party after what our own desk did before: its word may be slower than others'."""
        if found.lent_until is None:
            return found
        facts = {"loan_due": found.lent_until}
        await self.settle(found, "lend", act(found.party, "lend", facts, self.now))
        return self.latest[found.party.key]

    async def settle(self, found: Found, on: str, done: Step) -> None:
        """Note the step down with its messages, then decide what it leaves to decide."""
        kept = Found(
            id=found.id,
            party=done.party,
            version=found.version + 1,
            item=found.item,
            reasons=found.reasons,
            trouble=left(found.trouble, done.party),
            barred=found.barred,
        )
        decisions = [effect for effect in done.effects if effect in self.deciding]
        effects = [effect for effect in done.effects if effect not in self.deciding]
        said = [self.say(done.party, one) for one in done.told]
        kept = changed(kept, said=[{name: one[name] for name in SAID} for one in said])
        self.note(written(kept, on, effects), found.version)
        self.latest[kept.party.key] = kept
        self.count(found.party, kept.party)
        for effect in decisions:
            await self.deciding[effect](self, self.latest[kept.party.key])

    def note(self, row: dict[str, Any], was: int) -> None:
        """One more step; of several of one party the last alone is written into its row.

        What a step does to books may look at the row, or change it: then it is written at once.
        """
        row |= {"was": was, "passing": False}
        for before in self.parties:
            if before["id"] == row["id"] and not before["passing"] and not before["effects"]:
                row["was"], before["passing"] = before["was"], True
                row["said"] = row["said"] or before["said"]
                row["reasons"] = row["reasons"] or before["reasons"]
        self.parties.append(row)

    def amend(self, found: Found, effect: str | None = None) -> None:
        """The step just noted leaves the row like this, and perhaps moves a book."""
        for row in reversed(self.parties):
            if row["id"] == found.id:
                effects = [*row["effects"], *([effect] if effect else [])]
                row.update(written(found, row["on"], effects))  # how it began stays as it is
                break
        self.latest[found.party.key] = found

    def count(self, before: Party, after: Party) -> None:
        """Keep the scoreboard that choosing reads."""
        if after.role is not Role.SUPPLIER or after.state == before.state:
            return
        if after.over:
            self.progress(after, Progress.ENDED)
        elif after.state == "SHIPPED":
            self.progress(after, Progress.SHIPPED)

    def progress(self, party: Party, step: Progress) -> None:
        edition = party.facts.get("edition")
        event = SupplyMoved(
            about=party.request,
            attempt=party.attempt,
            step=step,
            home=party.home,
            edition=UUID(edition) if edition else None,
        )
        asked = replace(event, step=Progress.ASKED)  # what comes of it in the same turn says both
        self.told = [message for message in self.told if message["body"] != asked]
        self.tell(event)

    def say(self, party: Party, one: Told) -> dict[str, Any]:
        """Tell another party; a branch that is both tells itself, by the same road."""
        to = party.branch(one.role)
        assert to is not None  # noqa: S101  (the table speaks to a supplier once there is one)
        event = PartyTold(
            about=party.request,
            attempt=party.attempt,
            role=one.role,
            signal=one.name,
            home=party.home,
            pickup=party.pickup,
            supplier=party.supplier,
            service=party.service,
            model=party.model,
            flags=sorted(party.flags & {"copy"}),
            facts=dict(one.facts),
        )
        return self.tell(event, to)

    def tell(self, event: Event, to: int | None = None) -> dict[str, Any]:
        """Tell a branch, or our own listeners."""
        message = {
            "id": uuid7(),
            "receiver": self.here if to is None else to,
            "about": event.about,
            "kind": type(event).__name__,
            "body": event,
        }
        self.told.append(message)
        return message

    def work(self) -> dict[str, Any]:
        """All of it, as lending_write takes it."""
        return {
            "now": self.at.timestamp(),
            "actor": self.asker.subject if self.asker else "system",
            "role": self.asker.role if self.asker else "system",
            "request": request_id.get(),
            "parties": self.parties,
            "books": self.books,
            "told": self.told,
        }

    async def write(self) -> None:
        """Everything at once; ChangedMeanwhile when a row is not as it was read."""
        if not self.parties and not self.books and not self.told:
            return
        try:
            await (await driver(self.session)).fetchval(WRITE, to_json(self.work()))
        except asyncpg.PostgresError as error:
            if was_overtaken(error):
                raise ChangedMeanwhile("Look again, then repeat the request.") from error
            raise
        self.parties.clear()
        self.books.clear()
        self.told.clear()
        self.session.info["told"] = True
