"""Choose whom to ask for a title: fifty from the database in one trip, the rest is ranking."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.nearness import Place, kilometres
from pinakes.federation.holds.choosing.policy import in_force, versions
from pinakes.federation.holds.choosing.ranking import Asking, Candidate, Considered, rank
from pinakes.platform.db import to_json

SHORTLIST = text("""
    SELECT wish.number, s.*
    FROM unnest(CAST(:requests AS uuid[]), CAST(:homes AS integer[]), CAST(:pickups AS integer[]),
                CAST(:editions AS uuid[]), CAST(:refused AS text[]), CAST(:owners AS integer[]),
                CAST(:records AS uuid[]), CAST(:fits AS jsonb[]))
        WITH ORDINALITY AS wish (request, home, pickup, edition, refused, owner, record, fits,
                                 number)
    CROSS JOIN LATERAL commons.shortlist(wish.request, wish.home, wish.pickup, wish.edition,
                                         CAST(wish.refused AS integer[]), wish.owner,
                                         wish.record, wish.fits) AS s
""")


class Wish(Struct, frozen=True, kw_only=True):
    """What a reader of *home* wants, at *pickup*: a title, or one branch's record or item."""

    request: UUID
    home: int
    pickup: int
    edition: UUID | None = None
    owner: int | None = None  # whose record or item it must be
    record: UUID | None = None
    item: UUID | None = None
    service: str = "loan"
    needed_by: date | None = None
    fits: Mapping[str, bool] = {}  # whether a copy of a kind will do, see kinds.py; empty: all do
    refused: Sequence[int] = ()  # branches that are not asked again


class Explained(Struct, frozen=True):
    """A choice that tells how it came about."""

    @property
    def reasons(self) -> dict[str, Any]:
        """The same as plain values, to be kept with the attempt."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


class Chosen(Explained, frozen=True):
    """Whom to ask for which of its records, and all that was weighed."""

    supplier: int
    record: UUID
    rule: str  # what decided: see ranking.Ranking
    policy_from: date
    local_days: int  # for which the supplier's own readers go before others
    new_days: int  # for which the free copies serve them alone; none, when one is older
    considered: list[Considered]


class Nobody(Explained, frozen=True, omit_defaults=True):
    """Nobody can be asked now, and why."""

    rule: str  # nobody, or others_wait: then no branch was looked at
    policy_from: date | None = None
    considered: list[Considered] = []


type Choice = Chosen | Nobody
type Row = Any  # of commons.shortlist, whichever driver brought it


async def choose(session: AsyncSession, wish: Wish, refused: Sequence[int] = ()) -> Choice:
    """The best branch to ask now, or Nobody when none can supply; *refused* are not asked again.

    One trip; any role may make it, in any tenant or none.
    """
    wish = replace(wish, refused=refused)
    [rows] = await shortlisted(session, [wish])
    return in_turn(rows, wish)


def in_turn(rows: Sequence[Row], wish: Wish) -> Choice:
    """Whoever comes while others wait for the title waits behind them, whatever is on a shelf."""
    return Nobody("others_wait") if rows[0].open else weigh(rows, wish)


async def shortlisted(
    session: AsyncSession, wishes: Sequence[Wish], only: int | None = None
) -> list[list[Row]]:
    """What ``commons.shortlist`` finds for each wish, in all branches or in one; one trip."""
    told = {
        "requests": [wish.request for wish in wishes],
        "homes": [wish.home for wish in wishes],
        "pickups": [wish.pickup for wish in wishes],
        "editions": [wish.edition for wish in wishes],
        "refused": [f"{{{','.join(map(str, wish.refused))}}}" for wish in wishes],
        "owners": [wish.owner or only for wish in wishes],
        "records": [wish.record for wish in wishes],
        "fits": [to_json(wish.fits) if wish.fits else None for wish in wishes],
    }
    found: list[list[Row]] = [[] for _ in wishes]
    for row in await session.execute(SHORTLIST, told):
        found[row.number - 1].append(row)
    return found


def weigh(rows: Sequence[Row], wish: Wish) -> Choice:
    """Choose from what ``commons.shortlist`` brought; the first row is the asker's own."""
    own, candidates = rows[0], rows[1:]
    today = own.opens
    assert today is not None  # noqa: S101  (of the asker it is the day)
    policy = in_force(versions(own.policy), today)
    asking = Asking(
        request=wish.request,
        home=wish.home,
        policy=policy,
        today=today,
        groups=own.groups,
        needed_by=wish.needed_by,
        refused=wish.refused,
    )
    ranking = rank(told(own, candidates, today), asking)
    if not ranking.order:
        return Nobody(ranking.rule, policy.since, ranking.considered)
    first = ranking.order[0]
    row = next(row for row in candidates if row.record == first.record)
    return Chosen(
        supplier=first.supplier,
        record=first.record,
        rule=ranking.rule,
        policy_from=policy.since,
        local_days=row.local_days,
        new_days=row.new_days if row.available <= (row.fresh or 0) else 0,
        considered=ranking.considered,
    )


def told(own: Row, candidates: Iterable[Row], today: date) -> Iterable[Candidate]:
    """The rows as candidates."""
    for row in candidates:
        yield Candidate(
            supplier=row.supplier,
            record=row.record,
            available=row.available,
            fresh=row.fresh or 0,
            near=row.near,
            km=apart(own, row),
            open=row.open,
            asked=row.asked,
            daily_cap=row.daily_cap,
            balance=row.balance,
            courier_days=row.courier_days,
            cost=row.cost,
            closed_days=None if row.opens is None else max((row.opens - today).days, 0),
            paused=bool(row.paused),
            last_resort=row.last_resort,
            groups=row.groups,
        )


def apart(one: Place, other: Place) -> float | None:
    """Kilometres between two branches; None when one of them is not on the map."""
    away = kilometres(one, other)
    return None if away == float("inf") else away
