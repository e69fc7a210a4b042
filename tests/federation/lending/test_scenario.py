"""Scenarios 3 and 4 at small size: three branches in each request, and messages in a storm.

Every twentieth request has the same story: what its people do, and what they leave undone. All
else is done as soon as it can be; time passes only when nobody has anything left to do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from borrowing import ask_for, edition, held
from conftest import MakeTenant
from lending import Bearer, enrol, rule
from litestar import Litestar
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from timelines import Party, Timelines, timelines

from pinakes.federation.holds.chores import mend
from pinakes.federation.lending import service
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request, Transit
from pinakes.federation.lending.party import DAY, MoveRefused, agree
from pinakes.federation.lending.rows import Found, found_of
from pinakes.federation.lending.schemas import NewRequest
from pinakes.federation.lending.simulation.habits import PLAIN
from pinakes.federation.lending.timers import ring_due
from pinakes.federation.lending.turn import ChangedMeanwhile
from pinakes.main.features import FEATURES
from pinakes.platform.carrier import Listeners, carry
from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import listeners_of
from pinakes.platform.identity import Principal
from pinakes.platform.messages import Event, Message, Outbox
from pinakes.tenants.circulation.hot import Desk, Key
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.circulation.schemas import Checkout, Return
from pinakes.tenants.circulation.service import checkout, give_back
from pinakes.tenants.readers.rules import alias

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
REQUESTS, ROUNDS = 20, 80
CRASHES = 41  # every so many messages one is applied, and the worker falls down before the commit
STAFF = Principal("desk")
AGED = text("UPDATE commons.wanted SET offered_at = offered_at - interval '1 hour'")
WAIT = {(S, state) for state in ("SHIPPED", "RECEIVED", "OVERDUE", "RECALLED")} | {(R, "WAITING")}
pytestmark = pytest.mark.anyio

type Stand = tuple[Role, str]


@dataclass(frozen=True)
class Story:
    """What happens once in the first attempt, in this order; who lets it lie until then."""

    name: str
    odd: Sequence[tuple[Role, str, str]] = ()
    idle: frozenset[Stand] = frozenset()
    ends: str = "COMPLETED"
    attempts: int = 1  # at least
    lent: bool = True
    rings: Stand | None = None  # the timer whose ringing the story is about


def cancelled(stage: str, stand: Stand, ends: str = "COMPLETED") -> Story:
    """Given up at the home while the others wait at *stand*."""
    return Story(f"cancelled when {stage}", [(R, stage, "cancel")], frozenset([stand]), ends,
                 lent=False)  # fmt: skip


REFUSED = Story("refused", [(S, "VALIDATED", "decline")], attempts=2)
SILENT = Story("silent", idle=frozenset([(S, "VALIDATED")]), attempts=2,
               rings=(R, "unanswered"))  # fmt: skip
RENEWED = Story("renewed", [(R, "CHECKED_OUT", "renew")], frozenset([(P, "LENT")]))
STORIES = [
    *[REFUSED] * 6, *[SILENT] * 2, *[RENEWED] * 2,
    cancelled("SUPPLIER_LOCATED", (S, "VALIDATED"), "CANCELLED"),
    cancelled("WILL_SUPPLY", (S, "WILL_SUPPLY"), "CANCELLED"),
    cancelled("SHIPPED", (P, "ON_ITS_WAY")),
    cancelled("RECEIVED", (P, "RECEIVED")),
    cancelled("READY_FOR_PICKUP", (P, "READY")),
    Story("recalled", [(P, "READY", "lend"), (S, "RECEIVED", "recall")], frozenset([(P, "LENT")])),
    Story("lost", [(P, "LENT", "lose")], ends="LOST"),
    Story("overdue", [(R, "OVERDUE", "renew")], frozenset([(P, "LENT")]), rings=(S, "overdue")),
    Story("uncollected", idle=frozenset([(P, "READY")]), lent=False,
          rings=(P, "uncollected")),
    Story("never arrived", idle=frozenset([(P, "ON_ITS_WAY")]), attempts=2,
          rings=(P, "never_arrived")),
]  # fmt: skip


@dataclass
class Hands:
    """All desks of a small consortium, its readers, and a worker that falls and stands up again."""

    app: Litestar
    database: Database
    branches: Sequence[Tenant]
    cards: dict[UUID, Bearer] = field(default_factory=dict[UUID, Bearer])
    number: dict[UUID, int] = field(default_factory=dict[UUID, int])
    told: Counter[int] = field(default_factory=Counter[int])  # how far each story has come
    done: Counter[str] = field(default_factory=Counter[str])
    heard: Counter[UUID] = field(default_factory=Counter[UUID])
    doubled: UUID = field(default_factory=uuid7)  # up to here every message was sent twice

    async def parties(self, *, over_too: bool = False) -> list[tuple[Tenant, Found]]:
        found: list[tuple[Tenant, Found]] = []
        for at in self.branches:
            async with unit_of_work(self.database.app, at.id) as session:
                rows = select(PartyRow).order_by(PartyRow.id)
                rows = rows if over_too else rows.where(~PartyRow.over)
                found += [(at, found_of(row)) for row in await session.scalars(rows)]
        return found

    async def round(self) -> bool:
        """Everybody does what is next; when nobody can, time passes. False: all is over."""
        parties = await self.parties()
        before, told = self.done.total(), self.told.copy()
        for at, found in parties:
            act = self.wanted(found, told[self.number[found.party.request]])
            if act is not None:
                await self.move(at, found, act)
        if self.done.total() == before:
            await self.let_time_pass([one.party.alarm_at or 0 for _, one in parties])
            await self.storm()
        await self.deliver()
        return bool(parties)

    async def let_time_pass(self, alarms: Sequence[int]) -> None:
        """Until the next timer rings; and offers that fell with the worker are made anew."""
        async with public_work(self.database.public) as public:
            await public.execute(AGED)
        await mend(self.database)
        due = min(filter(None, alarms), default=None)
        if due is not None:
            await ring_due(self.database, datetime.fromtimestamp(due, UTC))

    def wanted(self, found: Found, told: int) -> str | None:
        """What this party's people do now, when so much of the story has been *told*."""
        party = found.party
        stand, n = (party.role, party.state), self.number[party.request]
        story = STORIES[n % len(STORIES)]
        left = story.odd[told:]
        if party.attempt == 1 and left and left[0][:2] == stand:
            self.told[n] = told + 1
            return left[0][2]
        if party.attempt == 1 and stand in story.idle and (left or not story.odd):
            return None
        return None if stand in WAIT else next(iter(PLAIN.get(stand, ())), None)

    async def move(self, at: Tenant, found: Found, act: str) -> None:
        party = found.party
        if act == "lend":
            card = self.cards[UUID(party.facts["alias"])]
            await checkout(self.desk(at), Checkout(card.card, party.facts["here"], card.home.code))
        elif act == "return":
            await give_back(self.desk(at), Return(party.facts["here"]))
        else:
            facts = {"due": int(now().timestamp()) + 9 * DAY} if act == "recall" else {}
            try:
                async with unit_of_work(self.database.app, at.id) as session:
                    await service.act(session, party.request, party.role, act, facts, party.attempt)
            except service.NoCopyFree:
                await self.move(at, found, "decline")
                return
            except (MoveRefused, ChangedMeanwhile):
                return
        self.done[act] += 1

    def desk(self, at: Tenant) -> Desk:
        return Desk(self.database.hot, self.app.state.directory, at, STAFF, Key())

    async def storm(self) -> None:
        """Acknowledgements were lost: whatever was delivered since the last storm comes again."""
        late = Outbox.id > self.doubled
        self.doubled = uuid7()
        async with public_work(self.database.carrier) as session:
            again = update(Outbox).where(late)
            await session.execute(again.values(state="waiting", due_at=Outbox.created_at))

    async def deliver(self) -> None:
        """Everything, some of it at the second try."""
        while await carry(self.database, self.shaken()):
            async with public_work(self.database.carrier) as session:
                due = update(Outbox).where(Outbox.state == "waiting")
                await session.execute(due.values(due_at=Outbox.created_at))

    def shaken(self) -> Listeners:
        """Our listeners, and behind them one that lets the worker fall."""

        async def fall(session: AsyncSession, event: Event, message: Message) -> None:
            self.heard[message.id] += 1
            if self.heard[message.id] == 1 and len(self.heard) % CRASHES == 0:
                await session.flush()
                raise RuntimeError

        known = listeners_of(FEATURES)
        return {name: (kind, [*acting, fall]) for name, (kind, acting) in known.items()}


@pytest.fixture
async def hands(app: Litestar, database: Database, make_tenant: MakeTenant) -> Hands:
    """A hub and five branches."""
    hub = await make_tenant(kind="hub")
    branches = [hub, *[await make_tenant(hub) for _ in range(5)]]
    for branch in branches:
        await rule(database, branch, calendar_closed_weekdays=[], loan_limit=50, hold_limit=50)
    return Hands(app, database, branches)


async def placed(hands: Hands) -> None:
    """Twenty requests for four titles: home, pickup and whoever may supply are all different.

    Of the last title there is a copy less than is wanted.
    """
    database, branches = hands.database, hands.branches
    titles = [await edition(database, branches[0].consortium) for _ in range(4)]
    for n, title in enumerate(titles):
        for k, copies in enumerate((2, 1, 1) if n == 3 else (2, 2, 2)):
            await held(database, branches[(n + k) % len(branches)], title, copies)
    for n in range(REQUESTS):
        home, pickup = branches[(n % 4 + 3) % 6], branches[(n % 4 + 4 + n // 4 % 2) % 6]
        reader = await enrol(database, home)
        hands.cards |= {alias(reader.person, at.id): reader for at in branches}
        wish = NewRequest(edition=titles[n % 4], pickup=pickup.code)
        request = await ask_for(database, hands.app.state.directory, reader, wish)
        hands.number[request] = n
        await hands.deliver()


async def test_every_story_ends_as_it_should_and_all_tell_it_alike(hands: Hands) -> None:
    await placed(hands)
    for _ in range(ROUNDS):
        if not await hands.round():
            break
    await told_alike(hands)
    for n, (state, attempt, loans) in (await ends(hands)).items():
        story = STORIES[n % len(STORIES)]
        assert (story.name, state) == (story.name, story.ends)
        assert (story.name, attempt >= story.attempts) == (story.name, True)
        assert (story.name, loans) == (story.name, int(story.lent)), "lent once, if at all"
    assert {"decline", "renew", "recall", "lose"} <= hands.done.keys()
    assert max(hands.heard.values()) > 1, "the worker fell now and then"
    known = await timelines(hands.database, hands.branches)
    for request, n in hands.number.items():
        told_once(STORIES[n % len(STORIES)], request, known)


def told_once(story: Story, request: UUID, known: Timelines) -> None:
    """What makes it this story stands in the timelines once, in this order."""
    seen: list[UUID] = []
    for role, state, on in story.odd:
        stages = known[Party(request, role, 1)]
        made = [now for was, now in pairwise(stages) if (was.state, now.on) == (state, on)]
        assert (story.name, on, len(made)) == (story.name, on, 1)
        seen.append(made[0].id)
    assert seen == sorted(seen)
    if story.rings is not None:
        role, timer = story.rings
        rung = [stage.on for stage in known[Party(request, role, 1)]].count(timer)
        assert (story.name, timer, rung) == (story.name, timer, 1)


async def ends(hands: Hands) -> Mapping[int, tuple[str, int, int]]:
    """By number: how each request ended, at which attempt, and how often its reader borrowed."""
    found: dict[int, tuple[str, int, int]] = {}
    loans: Counter[UUID | None] = Counter()
    for at in hands.branches:
        async with unit_of_work(hands.database.app, at.id) as session:
            loans.update([loan.person_id for loan in await session.scalars(select(Loan))])
    for at in hands.branches:
        async with unit_of_work(hands.database.app, at.id) as session:
            for row in await session.scalars(select(Request)):
                found[hands.number[row.id]] = (row.state, row.attempt, loans[row.person_id])
    return found


async def told_alike(hands: Hands) -> None:
    """All parties are over and agree; no loan and no transit is open."""
    found = [one for _, one in await hands.parties(over_too=True)]
    assert [(one.party.role, one.party.state) for one in found if not one.party.over] == []
    states = {one.party.key: one.party.state for one in found}
    for one in found:
        if one.party.role is R:
            for role in (S, P):
                other = states.get((one.party.request, role, one.party.attempt))
                assert agree(one.party, role, other), (one.party.state, role, other)
    for at in hands.branches:
        async with unit_of_work(hands.database.app, at.id) as session:
            assert not (await session.scalars(select(Loan).where(Loan.returned_at.is_(None)))).all()
            ways = select(Transit).where(Transit.received_at.is_(None), Transit.lost_at.is_(None))
            assert not (await session.scalars(ways)).all()
