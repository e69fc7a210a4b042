"""A hub, fifty branches and their couriers, made up from a seed: the party logic under storm.

Messages are lost, doubled, late and overtaken (never those about one request between the same
two), clocks jump, parcels lie about, readers return where they like. One seed always tells the
same story. What must never happen raises Broken.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import UUID

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import DAY, Key, Party, Told, born, step
from pinakes.federation.lending.simulation.bag import Bag
from pinakes.federation.lending.simulation.books import (
    ARRIVING,
    DUE,
    EFFECTS,
    PHYSICS,
    SHIPPING,
    Broken,
    Copy,
    here_of,
    nothing,
)
from pinakes.federation.lending.simulation.habits import PLAIN, POSSIBLE
from pinakes.federation.lending.simulation.mail import Lane, Letter
from pinakes.federation.lending.simulation.verdict import judge

BRANCHES = 51  # the hub is number 0
TITLES = 12
COPIES = 90
REQUESTS = 30  # of one storm
PATIENCE = 4_000  # turns that the calm after the storm may take

# How often it happens, of 1.
LOST, DOUBLED = 0.1, 0.1
HOURS_PASS = 0.04
DATED = 0.7  # of the requests
ELSEWHERE = 0.6  # is where the reader collects
PASSED_ON = 0.3  # of what is found elsewhere goes to others from there
ODD = {"invalid": 0.02, "duplicate": 0.05, "unknown_title": 0.07}
PLAINLY, ACTING = 0.5, 0.9


@dataclass
class Storm:
    """One run. ``seen`` counts the rare paths."""

    seed: int
    random: Random = field(init=False)
    now: int = 1_800_000_000
    parties: dict[Key, Party] = field(default_factory=dict[Key, Party])
    open: Bag[Key] = field(default_factory=Bag[Key])
    lanes: dict[Lane, deque[Letter]] = field(default_factory=dict[Lane, deque[Letter]])
    busy: list[Lane] = field(default_factory=list[Lane])
    numbers: Counter[Lane] = field(default_factory=Counter[Lane])
    applied: set[tuple[Lane, int]] = field(default_factory=set[tuple[Lane, int]])
    alarms: list[tuple[int, Key, str]] = field(default_factory=list[tuple[int, Key, str]])
    rung: set[tuple[Key, str, int]] = field(default_factory=set[tuple[Key, str, int]])
    copies: list[Copy] = field(default_factory=list[Copy])
    carried: dict[tuple[UUID, int], int] = field(default_factory=dict[tuple[UUID, int], int])
    asked: dict[UUID, set[int]] = field(default_factory=dict[UUID, set[int]])
    transits: set[tuple[Key, str]] = field(default_factory=set[tuple[Key, str]])
    waiting: dict[UUID, Key] = field(default_factory=dict[UUID, Key])
    seen: Counter[str] = field(default_factory=Counter[str])
    calm: bool = False

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311  (a storm is no secret)
        for n in range(COPIES):
            at = self.random.randrange(BRANCHES)
            self.copies.append(Copy(at, n % TITLES, ("shelf", at)))

    def run(self, steps: int) -> Counter[str]:
        """Storm for so many *steps*, then let it calm down, and look at what is left."""
        gusts = (self.deliver, self.deliver, self.deliver, self.anybody_acts, self.anybody_acts)
        every = max(1, steps // REQUESTS)
        for n in range(steps):
            if n % every == 0:
                self.place(UUID(int=n + 1))
            elif self.random.random() < HOURS_PASS:
                self.pass_time(int(self.random.expovariate(1 / (3 * DAY))))
            else:
                self.random.choice(gusts)()
        self.settle()
        judge(self.parties, self.copies, self.transits)
        return self.seen

    def settle(self) -> None:
        """No more loss: deliver everything, let everybody do what is next, until all is over."""
        self.calm = True
        for _ in range(PATIENCE):
            if self.busy:
                self.deliver()
            elif not any(self.go_on(key) for key in list(self.open)):
                if not self.alarms:
                    break
                self.pass_time(max(0, self.alarms[0][0] - self.now))
        for key in self.open:
            raise Broken(f"{key[1]} of attempt {key[2]} is left {self.parties[key].state}")

    def place(self, request: UUID) -> None:
        """Somebody wants something."""
        home, pickup = self.random.randrange(BRANCHES), self.random.randrange(BRANCHES)
        party = born(
            Role.REQUESTER,
            request,
            1,
            home,
            pickup if self.random.random() < ELSEWHERE else home,
            None,
            service=self.random.choice(("Express", "Normal", "Standard")),
            facts={"title": self.random.randrange(TITLES)} | self.until(),
        )
        self.asked[request] = set()
        self.keep(party)
        luck = self.random.random()
        self.happen(party, next((odd for odd, until in ODD.items() if luck < until), "valid"))

    def until(self) -> dict[str, int]:
        """Some say until when they want it."""
        return {"needed_by": self.now + 90 * DAY} if self.random.random() < DATED else {}

    def deliver(self) -> None:
        """One message arrives, or gets lost, or arrives and its acknowledgement gets lost."""
        if not self.busy:
            return
        n = self.random.randrange(len(self.busy))
        lane = self.busy[n]
        letters = self.lanes[lane]
        luck = 1.0 if self.calm else self.random.random()
        if luck < LOST:
            self.seen["lost message"] += 1
            return
        letter = letters[0]
        if luck > LOST + DOUBLED:
            letters.popleft()
            if not letters:
                self.busy[n] = self.busy[-1]
                self.busy.pop()
        self.receive(lane, letter)

    def receive(self, lane: Lane, letter: Letter) -> None:
        """The receiver's transaction: watermark and effect."""
        if (lane, letter.seq) in self.applied:
            self.seen["doubled message"] += 1
            return
        self.applied.add((lane, letter.seq))
        key = (lane[2], letter.to, letter.attempt)
        party = self.parties.get(key)
        if party is None:
            if letter.name not in {"Request", "Expect", "Coming", "Unwanted"}:
                return
            sender = letter.sender
            party = born(
                letter.to,
                lane[2],
                letter.attempt,
                sender.home,
                sender.pickup,
                sender.supplier,
                service=sender.service,
                flags=sender.flags & {"copy"},
            )
            self.keep(party)
        self.happen(party, letter.name, letter.facts)

    def anybody_acts(self) -> None:
        """Somebody at some branch does something that is possible there."""
        if not self.open:
            return
        party = self.parties[self.random.choice(self.open)]
        luck = self.random.random()
        acts = PLAIN.get((party.role, party.state)) if luck < PLAINLY else party.acts
        if acts and luck < ACTING:
            self.attempt(party, self.random.choice(acts))
        elif party.role is Role.PICKUP and party.state in {"LENT", "READY", "ON_ITS_WAY"}:
            self.found_elsewhere(party)

    def go_on(self, key: Key) -> bool:
        """In the calm: the next plain step of one party, if there is one."""
        party = self.parties[key]
        return any(self.attempt(party, act) for act in PLAIN.get((party.role, party.state), ()))

    def attempt(self, party: Party, act: str) -> bool:
        """Do it if hands and shelves allow it."""
        ready = POSSIBLE.get(act)
        if ready is not None and not ready(self, party):
            return False
        facts: dict[str, Any] = (
            {"due": self.now + DUE} if act in {"ship", "renew_yes", "recall"} else {}
        )
        if act == "lend":
            facts = {"loan_due": self.now + DUE - 3 * DAY}
        before = self.parties[party.key]
        self.happen(party, act, facts)
        return self.parties[party.key] is not before

    def found_elsewhere(self, party: Party) -> None:
        """The book turns up at another branch, which sends it home and tells the owner."""
        copy = self.copy(party)
        finder = self.random.randrange(BRANCHES)
        if copy is None or finder in {party.pickup, party.supplier} or "here" in party.flags:
            return
        if copy.place not in {("reader", party.pickup), ("way", party.pickup)}:
            return
        way = "passed_on" if self.random.random() < PASSED_ON else "found"
        self.seen[f"{way} elsewhere"] += 1
        copy.place = ("way", copy.owner)
        self.post(finder, party, Told(Role.SUPPLIER, way, {"seen_at": self.now}))

    def pass_time(self, seconds: int) -> None:
        """The clock goes on, or jumps; what is due rings once."""
        self.now += seconds
        if seconds > 10 * DAY:
            self.seen["clock jump"] += 1
        while self.alarms and self.alarms[0][0] <= self.now:
            at, key, name = heappop(self.alarms)
            party = self.parties[key]
            if (party.alarm, party.alarm_at) != (name, at):
                continue
            if (key, name, at) in self.rung:
                raise Broken(f"{name} rang twice")
            self.rung.add((key, name, at))
            self.seen[f"timer {name}"] += 1
            self.happen(party, name)

    def happen(self, party: Party, on: str, facts: Mapping[str, Any] | None = None) -> None:
        """One step of one party, as the worker does it: state, messages, effects, all at once."""
        done = step(party, on, facts or {}, self.now)
        if done.move is None:
            return
        self.seen[f"{party.role} {done.move.to}"] += 1
        self.keep(done.party)
        PHYSICS.get((party.role, on), nothing)(self, done.party)
        for told in done.told:
            self.post(here_of(done.party), done.party, told)
        for effect in done.effects:
            self.ship(party.key, effect)
            EFFECTS.get(effect, nothing)(self, done.party)

    def ship(self, key: Key, effect: str) -> None:
        """A transit is open from its one beginning to its one end; Broken when it begins twice."""
        if effect in ARRIVING:
            self.transits -= {(key, leg) for leg in set(SHIPPING.values())}
        if effect in SHIPPING:
            begun = (key, SHIPPING[effect])
            if begun in self.transits:
                raise Broken(f"a parcel of the {key[1]} is sent twice")
            self.transits.add(begun)

    def post(self, here: int, party: Party, told: Told) -> None:
        to = party.branch(told.role)
        if to is None:
            raise Broken(f"{told.name} is told to nobody")
        lane = (here, to, party.request)
        self.numbers[lane] += 1
        letter = Letter(self.numbers[lane], told.role, party.attempt, told.name, told.facts, party)
        letters = self.lanes.setdefault(lane, deque())
        if not letters:
            self.busy.append(lane)
        letters.append(letter)

    def keep(self, party: Party) -> None:
        """The party's row is written."""
        key = party.key
        before = self.parties.get(key)
        self.parties[key] = party
        if party.alarm_at is not None and (
            before is None or (before.alarm, before.alarm_at) != (party.alarm, party.alarm_at)
        ):
            heappush(self.alarms, (party.alarm_at, key, party.alarm or ""))
        if party.over:
            self.open.discard(key)
        else:
            self.open.add(key)

    def copy(self, party: Party) -> Copy | None:
        """The book that this attempt is about."""
        n = self.carried.get((party.request, party.attempt))
        return None if n is None else self.copies[n]

    def free(self, branch: int, title: object) -> int | None:
        """A book of this title that stands on the branch's shelf, for nobody."""
        for n, copy in enumerate(self.copies):
            at_home = copy.place == ("shelf", branch) and copy.owner == branch
            if copy.title == title and at_home and copy.kept is None:
                return n
        return None
