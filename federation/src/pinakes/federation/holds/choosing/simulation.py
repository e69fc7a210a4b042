"""What another policy would have done: requests replayed, day by day, with the same ranking. Pure.

Every branch answers as its figures say; copies are away while they travel and are read, and
come home again. What is not simulated is what no policy changes: the readers.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from operator import attrgetter
from random import Random
from statistics import median, quantiles
from uuid import UUID

from msgspec import Struct

from pinakes.federation.holds.choosing.policy import in_force
from pinakes.federation.holds.choosing.ranking import Asking, Candidate, in_order
from pinakes.federation.holds.choosing.world import SHORTLIST, Branch, Demand, World, nearness
from pinakes.tenants.registry.sharing import Policy

NO_RECORD = UUID(int=0)
FAIR = 0.35  # target: the most that ``gini_by_holdings`` may be, with some 30 requests a branch

type Shown = Callable[[Sequence[Demand]], Iterable[Demand]]


class Habits(Struct, frozen=True, kw_only=True):
    """How branches and readers behave, whatever the policy."""

    refusals: float = 0.1  # of all askings, by chance
    answer_days: float = 1.0  # until a refusal comes
    kept_days: int = 30  # by the reader
    tries: int = 5  # branches that are asked for one request


class Outcome(Struct, frozen=True, kw_only=True):
    """What a policy has led to."""

    requests: int
    own: int  # had at home, which no other branch has to do with
    filled: int  # by other branches
    fill_rate: float  # of those that were not had at home
    days_median: float  # from asking to pickup
    days_p95: float
    asked_per_request: float
    suppliers: int  # that supplied at all
    gini: float  # 0: all supply alike, whatever they hold; 1: one does it all
    gini_by_holdings: float  # 0: each supplies its share of all copies; see ``FAIR``
    fair: bool  # whether that is within the target
    tenth: float  # share of supplies that the busiest tenth carries
    net_worst: int  # supplied less borrowed, where that is most
    provinces: dict[str, tuple[int, int]]  # supplied, borrowed
    busiest: list[tuple[str, int]]


@dataclass
class Course:
    """One run of a world under a policy."""

    world: World
    policies: Sequence[Policy] | None = None  # of everybody; none: each its own
    habits: Habits = field(default_factory=Habits)
    seed: int = 1

    def __post_init__(self) -> None:
        self.draw = Random(self.seed)  # noqa: S311  (a simulation)
        self.supplied, self.borrowed, self.open = Counter[int](), Counter[int](), Counter[int]()
        self.asked: Counter[tuple[int, int]] = Counter()
        self.away: Counter[tuple[int, int]] = Counter()
        self.returns: list[tuple[float, int, int]] = []
        self.days: list[float] = []
        self.own = self.askings = self.requests = 0

    def run(self, demands: Iterable[Demand], shown: Shown = iter) -> Outcome:
        """Live through all demands, in the order of their days; *shown* may tell how far it is."""
        for demand in shown(sorted(demands, key=attrgetter("day"))):
            self.come_home(demand.day)
            self.serve(demand)
        return self.outcome()

    def come_home(self, day: float) -> None:
        """Copies whose journey has ended stand on their shelves again."""
        while self.returns and self.returns[0][0] <= day:
            _, title, supplier = heappop(self.returns)
            self.away[title, supplier] -= 1
            self.open[supplier] -= 1

    def serve(self, demand: Demand) -> None:
        """Ask one branch after the other, as the policy says, until one supplies."""
        self.requests += 1
        refused = set[int]()
        day = demand.day
        for _ in range(self.habits.tries):
            ordered = in_order(self.shortlist(demand, refused), self.asking(demand, day, refused))
            if not ordered:
                return
            chosen = ordered[0].candidate
            if chosen.supplier == demand.home:
                self.own += 1
                self.lend(demand, chosen, day)
                return
            self.askings += 1
            self.asked[chosen.supplier, int(day)] += 1
            if self.draw.random() >= self.habits.refusals:
                self.supply(demand, chosen, day)
                return
            refused.add(chosen.supplier)
            day += self.habits.answer_days

    def asking(self, demand: Demand, day: float, refused: set[int]) -> Asking:
        today = self.world.first_day + timedelta(int(day))
        home = self.world.branches[demand.home]
        return Asking(
            request=demand.id,
            home=demand.home,
            policy=in_force(self.policies or home.policies, today),
            today=today,
            groups=home.groups,
            needed_by=demand.needed_by,
            refused=refused,
        )

    def shortlist(self, demand: Demand, refused: set[int]) -> list[Candidate]:
        """Those who have a copy, the nearest fifty: as ``commons.shortlist`` does."""
        held = self.world.holders.get(demand.title, {})
        home = self.world.branches[demand.home]
        found = list[Candidate]()
        for supplier in self.world.outwards(home, held) if len(held) > SHORTLIST else held:
            copies = held.get(supplier, 0) - self.away.get((demand.title, supplier), 0)
            if copies > 0 and supplier not in refused:
                found.append(self.candidate(home, supplier, copies, int(demand.day)))
                if len(found) == SHORTLIST:
                    break
        return found

    def candidate(self, home: Branch, supplier: int, copies: int, day: int) -> Candidate:
        """A branch as it stands on this day, seen from this home."""
        branch = self.world.branches[supplier]
        today = self.world.first_day + timedelta(day)
        return Candidate(
            supplier=supplier,
            record=NO_RECORD,
            available=copies,
            near=nearness(home, branch),
            km=self.world.globe.kilometres(home.id, supplier),
            open=self.open.get(supplier, 0),
            asked=self.asked.get((supplier, day), 0),
            daily_cap=branch.daily_cap,
            balance=self.supplied.get(supplier, 0) - self.borrowed.get(supplier, 0),
            courier_days=branch.courier_days,
            cost=branch.cost,
            closed_days=branch.closed_for(today),
            paused=branch.paused(today),
            last_resort=branch.last_resort,
            groups=branch.groups,
        )

    def supply(self, demand: Demand, chosen: Candidate, day: float) -> None:
        """It travels, is read, and travels home."""
        self.supplied[chosen.supplier] += 1
        self.borrowed[demand.home] += 1
        self.days.append(day - demand.day + chosen.days)
        self.lend(demand, chosen, day + 2 * chosen.days)

    def lend(self, demand: Demand, chosen: Candidate, day: float) -> None:
        self.away[demand.title, chosen.supplier] += 1
        self.open[chosen.supplier] += 1
        back = day + self.habits.kept_days
        heappush(self.returns, (back, demand.title, chosen.supplier))

    def outcome(self) -> Outcome:
        """The figures of the whole course."""
        asked = self.requests - self.own
        loads = sorted(self.supplied[id] for id in self.world.branches)
        total = sum(loads)
        uneven = self.against_holdings()
        named = {id: branch.code for id, branch in self.world.branches.items()}
        return Outcome(
            requests=self.requests,
            own=self.own,
            filled=total,
            fill_rate=round(total / asked, 4) if asked else 1.0,
            days_median=round(median(self.days), 2) if self.days else 0.0,
            days_p95=round(quantiles(self.days, n=20)[-1], 2) if len(self.days) > 1 else 0.0,
            asked_per_request=round(self.askings / asked, 3) if asked else 0.0,
            suppliers=sum(1 for load in loads if load),
            gini=round(gini(loads), 3),
            gini_by_holdings=round(uneven, 3),
            fair=uneven <= FAIR,
            tenth=round(sum(loads[-(len(loads) // 10 or 1) :]) / total, 3) if total else 0.0,
            net_worst=max((self.supplied - self.borrowed).values(), default=0),
            provinces=self.by_province(),
            busiest=[(named[id], load) for id, load in self.supplied.most_common(10)],
        )

    def against_holdings(self) -> float:
        """How unevenly supplies are spread over the copies that branches hold (Gini)."""
        held = Counter[int]()
        for copies in self.world.holders.values():
            held.update(copies)
        return gini_over([(self.supplied[id], many) for id, many in held.items()])

    def by_province(self) -> dict[str, tuple[int, int]]:
        """Supplied and borrowed by all branches of each province."""
        found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for branch in self.world.branches.values():
            top = self.world.branches.get(branch.province or branch.id, branch)
            found[top.code][0] += self.supplied[branch.id]
            found[top.code][1] += self.borrowed[branch.id]
        return {code: (out, back) for code, (out, back) in sorted(found.items())}


def gini(loads: Sequence[int]) -> float:
    """How unevenly *loads* (least first) are spread: 0 is all alike."""
    total, many = sum(loads), len(loads)
    if not total:
        return 0.0
    weighed = sum(place * load for place, load in enumerate(loads, 1))
    return 2 * weighed / (many * total) - (many + 1) / many


def gini_over(shares: Iterable[tuple[int, int]]) -> float:
    """The same of *shares*: a load, and the size (over 0) that it is to be in proportion to."""
    ordered = sorted(shares, key=lambda one: one[0] / one[1])
    load, size = (sum(column) for column in zip(*ordered, strict=True)) if ordered else (0, 0)
    if not load:
        return 0.0
    below = doubled = 0
    for one, many in ordered:
        doubled += many * (2 * below + one)
        below += one
    return 1 - doubled / (load * size)
