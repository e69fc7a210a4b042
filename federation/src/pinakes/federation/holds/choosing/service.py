"""Choose whom to ask for a title: fifty from the database in one trip, the rest is ranking."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.nearness import kilometres
from pinakes.federation.holds.choosing.policy import in_force, versions
from pinakes.federation.holds.choosing.ranking import Asking, Candidate, Considered, rank

SHORTLIST = text("""
    SELECT * FROM commons.shortlist(:request, :home, :pickup, CAST(:edition AS uuid),
                                    CAST(:refused AS integer[]), CAST(:owner AS integer),
                                    CAST(:record AS uuid))
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
    kind: str = "book"


class Chosen(Struct, frozen=True):
    """Whom to ask for which of its records, and all that was weighed."""

    supplier: int
    record: UUID
    rule: str  # what decided: see ranking.Ranking
    policy_from: date
    local_days: int  # for which the supplier's own readers go before others
    considered: list[Considered]

    @property
    def reasons(self) -> dict[str, Any]:
        """The same as plain values, to be kept with the attempt."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


type Row = Any  # of commons.shortlist, whichever driver brought it


async def choose(session: AsyncSession, wish: Wish, refused: Sequence[int] = ()) -> Chosen | None:
    """The best branch to ask now, or None when nobody can supply; *refused* are not asked again.

    Whoever comes while others wait for the title waits behind them, whatever is on a shelf.
    One trip; any role may make it, in any tenant or none.
    """
    rows = await shortlisted(session, wish, refused)
    if rows[0].open:
        return None
    return weigh(rows, wish, refused)


async def shortlisted(
    session: AsyncSession, wish: Wish, refused: Sequence[int], only: int | None = None
) -> Sequence[Row]:
    """What ``commons.shortlist`` finds, in all branches or in one."""
    told = {
        "request": wish.request,
        "home": wish.home,
        "pickup": wish.pickup,
        "edition": wish.edition,
        "refused": list(refused),
        "owner": wish.owner or only,
        "record": wish.record,
    }
    return (await session.execute(SHORTLIST, told)).all()


def weigh(rows: Sequence[Row], wish: Wish, refused: Sequence[int] = ()) -> Chosen | None:
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
        refused=refused,
    )
    ranking = rank(told(own, candidates, today), asking)
    if not ranking.order:
        return None
    first = ranking.order[0]
    return Chosen(
        supplier=first.supplier,
        record=first.record,
        rule=ranking.rule,
        policy_from=policy.since,
        local_days=next(row.local_days for row in candidates if row.supplier == first.supplier),
        considered=ranking.considered,
    )


def told(own: Row, candidates: Iterable[Row], today: date) -> Iterable[Candidate]:
    """The rows as candidates."""
    for row in candidates:
        away = kilometres(own, row)
        yield Candidate(
            supplier=row.supplier,
            record=row.record,
            available=row.available,
            near=row.near,
            km=None if away == float("inf") else away,
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
