"""What one party of a request does when something happens. Pure: no database, no clock.

The worker and the simulator run the same function: (party, what happens, now) →
(party, messages, effects).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from pinakes.federation.lending.model import LATEST, Machine, Model, Move, Role, model, speakers
from pinakes.platform.errors import Conflict

DAY = 86_400
NORMAL = "Normal"
MOST_NOTES = 200  # of one attempt, the last ones: each step reads and writes them all
ONWARD = "next"  # ask another supplier: only while somebody still waits for this attempt
# what one attempt leaves to the next
WANTED = ("title", "edition", "wanted_record", "wanted_owner", "wanted_item", "fits", "needed_by",
          "reader_note", "in_house", "person", "alias", "label", "pickup_code", "rule")  # fmt: skip

type Facts = Mapping[str, Any]
type Key = tuple[UUID, Role, int]  # request, role and attempt


class Party(Struct, frozen=True, kw_only=True):
    """Where one party stands in one attempt of a request. Moments are seconds since 1970."""

    request: UUID
    role: Role
    attempt: int
    home: int
    pickup: int
    supplier: int | None = None
    state: str
    model: int = LATEST
    service: str = NORMAL
    flags: frozenset[str] = frozenset()
    facts: Facts = {}
    alarm: str | None = None
    alarm_at: int | None = None

    @property
    def key(self) -> Key:
        return self.request, self.role, self.attempt

    @property
    def writes_to(self) -> list[int]:
        """Which other branches would read a note that was written now."""
        move = fitting(self.machine, self, "write")
        read = {self.branch(role) for role, _ in move.tell} if move else set[int | None]()
        return sorted(one for one in read if one is not None and one != self.branch(self.role))

    def branch(self, role: Role) -> int | None:
        """Which branch has this role in it; there is no supplier before one is asked."""
        branches = {
            Role.REQUESTER: self.home,
            Role.SUPPLIER: self.supplier,
            Role.PICKUP: self.pickup,
        }
        return branches[role]

    @property
    def machine(self) -> Machine:
        return model(self.model).machines[self.role]

    @property
    def over(self) -> bool:
        """Whether it has come to an end."""
        return self.state in self.machine.ends

    @property
    def acts(self) -> tuple[str, ...]:
        """What may be done here next, as far as the flags allow it."""
        rules = self.machine
        return tuple(on for on in rules.acts(self.state) if fitting(rules, self, on))


class Told(NamedTuple):
    """A message to another party of the request."""

    role: Role
    name: str
    facts: Facts


class Step(NamedTuple):
    """What comes of it; ``move`` is None when a message changed nothing."""

    party: Party
    told: tuple[Told, ...] = ()
    effects: tuple[str, ...] = ()
    move: Move | None = None


class MoveRefused(Conflict):
    code = "request_move_refused"
    title = "This request cannot do that now"


def step(party: Party, on: str, facts: Facts, now: int) -> Step:
    """Let it happen. What nobody expects changes nothing: messages may come twice or late."""
    rules = model(party.model)
    move = fitting(rules.machines[party.role], party, on)
    if move is None:
        return Step(party)
    known = {**party.facts, **facts} if facts else party.facts
    if facts.get("note"):
        known = {**known, "notes": noted(party, on, facts["note"], now)}
    if on in rules.pays:
        known = {"payer": rules.pays[on], **known}
    if move.to != party.state:
        known = {**known, "since": now}
    timer = alarm(rules, party, move, known, now)
    if timer.get("alarm") and (told_as := rules.timers[timer["alarm"]].get("told")):
        known = {**known, told_as: timer["alarm_at"]}
    effects = move.do
    if ONWARD in effects and "dropped" in party.flags:
        effects = tuple(effect for effect in effects if effect != ONWARD)
    moved = replace(
        party,
        state=move.to,
        flags=(party.flags | move.set) - move.clear if move.set or move.clear else party.flags,
        facts=known,
        **timer,
    )
    said = known if "note" in facts else known.keys() - {"note"}  # an old one was said before
    told = tuple(
        Told(role, name, {key: known[key] for key in rules.carries[name] if key in said})
        for role, name in move.tell
    )
    return Step(moved, told, effects, move)


def act(party: Party, on: str, facts: Facts, now: int) -> Step:
    """Let a person do it, or MoveRefused."""
    done = step(party, on, facts, now)
    if done.move is None or on not in party.acts:
        raise MoveRefused(
            f"The {party.role} is {party.state}: it cannot {on}.",
            state=party.state,
            acts=list(party.acts),
        )
    return done


def noted(party: Party, on: str, text: str, now: int) -> list[Facts]:
    """What was written between the branches so far, and this; a repeated word counts once."""
    before: list[Facts] = party.facts.get("notes", [])
    by = min(speakers(party.model, party.role, on), default=party.role)
    if before and (before[-1]["by"], before[-1]["note"]) == (by, text):
        return before
    return [*before[1 - MOST_NOTES :], {"by": by, "at": now, "note": text}]


def fitting(machine: Machine, party: Party, on: str) -> Move | None:
    for move in machine.moves.get((party.state, on), ()):
        if move.needs is None or move.fits(party.flags):
            return move
    return None


def alarm(rules: Model, party: Party, move: Move, known: Facts, now: int) -> dict[str, Any]:
    """The timer that runs from now on: a new one in a new state, or when its moment has moved."""
    name = rules.machines[party.role].alarms.get(move.to)
    if name is None:
        return {"alarm": None, "alarm_at": None}
    timer = rules.timers[name]
    moment = timer.get("at")
    if moment is not None and (moment in known or party.service not in timer):
        if move.on == name:
            return {"alarm": None, "alarm_at": None}  # it has rung for this moment
        at = known.get(moment)
        if at == party.facts.get(moment) and move.to == party.state:
            return {}
        return {"alarm": name if at else None, "alarm_at": at}
    if move.to == party.state and party.alarm == name and move.on != name:
        return {}
    return {"alarm": name, "alarm_at": now + int(timer[party.service] * DAY)}


def born(
    role: Role,
    request: UUID,
    attempt: int,
    home: int,
    pickup: int,
    supplier: int | None,
    **more: Any,
) -> Party:
    """A party at its beginning, with the flags that follow from who is who."""
    party = Party(
        request=request,
        role=role,
        attempt=attempt,
        home=home,
        pickup=pickup,
        supplier=supplier,
        state=model(more.get("model", LATEST)).machines[role].start,
        **more,
    )
    return replace(party, flags=party.flags | standing(home, pickup, supplier))


def standing(home: int, pickup: int, supplier: int | None) -> frozenset[str]:
    """Who is who, as flags."""
    same = {"local": supplier == home, "here": supplier == pickup}
    return frozenset(flag for flag, holds in same.items() if holds)


def asking(party: Party, supplier: int) -> Party:
    """The requester, now that it knows whom to ask."""
    flags = party.flags - {"local", "here"} | standing(party.home, party.pickup, supplier)
    return replace(party, supplier=supplier, flags=flags)


def following(party: Party) -> Party:
    """The requester at the beginning of its next attempt: the same wish, nobody asked yet."""
    return born(
        party.role,
        party.request,
        party.attempt + 1,
        party.home,
        party.pickup,
        None,
        service=party.service,
        model=party.model,
        flags=party.flags & {"copy"},
        facts={name: party.facts[name] for name in WANTED if name in party.facts},
    )


def agree(requester: Party, role: Role, state: str | None) -> bool:
    """Whether another party's *state* (None: it knows nothing) fits with the requester's."""
    allowed = model(requester.model).agree.get(requester.state, {}).get(role)
    if state is None:
        return (
            allowed is None
            or requester.over
            or (role is Role.PICKUP and requester.supplier is None)
        )
    return allowed is None or state in allowed
