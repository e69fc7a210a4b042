"""Waiting for a title: whoever is first gets the copy within moments, and places are true."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lending import Desk, deliver, desk_at, enrol, stock
from mint import Mint
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from pinakes.federation.holds import service, targeting
from pinakes.federation.holds.choosing.service import Chosen, Nobody, Wish, choose
from pinakes.federation.holds.chores import keep_terms, let_go, mend
from pinakes.federation.holds.events import Step, SupplyMoved
from pinakes.federation.holds.listeners import shelves_changed
from pinakes.federation.holds.service import Place
from pinakes.main.features import FEATURES
from pinakes.main.pulse import Pulse
from pinakes.main.worker import REST, SWEEP, Lanes, at_each_wake_up
from pinakes.platform.carrier import carry
from pinakes.platform.clock import now
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import listeners_of
from pinakes.platform.messages import Message, emit
from pinakes.tenants.items.events import ItemsChanged
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

type CutOff = Callable[[], AbstractContextManager[None]]

OFFERS = text("""
    SELECT about, CAST(body ->> 'supplier' AS integer) AS supplier, body ->> 'rule' AS rule
    FROM outbox WHERE kind = 'CopyFree' ORDER BY id
""")

TOLD = text("SELECT body FROM outbox WHERE kind = 'CopyFree' AND about = :request").columns(
    body=JSONB()
)


class Queue:
    """Readers of branches who wait, and what their homes are told."""

    def __init__(self, database: Database, held: Any) -> None:
        self.database, self.held = database, held

    async def act[T](self, home: Tenant, act: Callable[[Any], Awaitable[T]]) -> T:
        """In the transaction of a listener of *home*."""
        async with unit_of_work(self.database.app, home.id) as session:
            session.info["database"] = self.database
            return await act(session)

    async def want(self, home: Tenant, edition: UUID, **more: Any) -> UUID:
        wish: dict[str, Any] = {"request": uuid4(), "home": home.id, "pickup": home.id}
        wish |= {"edition": edition} | more
        asked = Wish(**wish)
        await self.act(home, lambda session: service.want(session, asked))
        return asked.request

    async def place(self, home: Tenant, request: UUID) -> Place | None:
        return await self.act(home, lambda session: service.place_of(session, request))

    async def unwant(self, home: Tenant, request: UUID, *, filled: bool = False) -> None:
        await self.act(home, lambda session: service.unwant(session, request, filled=filled))

    async def returned(self, at: Tenant, edition: UUID, copies: int = 1) -> None:
        """A copy is on the shelf again, and the listener hears of it."""
        await self.held(at, edition=edition, copies=copies)
        record = UUID(int=edition.int ^ at.id)
        event = ItemsChanged(about=record, records=[record])
        envelope: dict[str, Any] = {"id": uuid4(), "sender": at.id, "receiver": at.id, "seq": 1}
        envelope |= {"about": record, "kind": "ItemsChanged", "version": 1, "created_at": now()}
        message = Message(**envelope, actor=None, role=None, body={})
        await self.act(at, lambda session: shelves_changed(session, event, message))

    async def offers(self, *edition_of: UUID) -> list[tuple[UUID, int, str]]:
        """Which of these requests were told of a copy, by whom and why."""
        async with public_work(self.database.carrier) as session:
            rows = await session.execute(OFFERS)
            return [(row.about, row.supplier, row.rule) for row in rows if row.about in edition_of]


@pytest.fixture
def queue(database: Database, held: Any) -> Queue:
    return Queue(database, held)


async def test_a_returned_copy_is_kept_for_whoever_waited_longest(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    home, far, sister = country["home"], country["far"], country["sister"]
    edition = await held(sister, copies=0)
    first, second = await queue.want(far, edition), await queue.want(home, edition)
    assert await queue.offers(first, second) == []
    await queue.returned(sister, edition)
    assert await queue.offers(first, second) == [(first, sister.id, "first_in_line")]
    await queue.returned(sister, edition)
    assert len(await queue.offers(first, second)) == 1, "the one copy is kept already"
    await queue.unwant(far, first)
    told = await queue.offers(first, second)
    assert told[1] == (second, sister.id, "first_in_line"), "given up: the next one gets it"


async def test_whoever_asks_while_others_wait_stands_in_line(
    queue: Queue, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    home, sister = country["home"], country["sister"]
    edition = await held(sister, copies=0)
    waiting = await queue.want(home, edition)
    await held(sister, edition=edition, copies=1)  # the news is still on its way
    late = Wish(request=uuid4(), home=sister.id, pickup=sister.id, edition=edition)
    async with unit_of_work(database.app, sister.id) as session:
        assert await choose(session, late) == Nobody("others_wait")
    await queue.returned(sister, edition)
    assert await queue.offers(waiting)
    async with unit_of_work(database.app, sister.id) as session:
        assert isinstance(await choose(session, late), Nobody), "the only copy is kept"
    await held(sister, edition=edition, copies=2)
    async with unit_of_work(database.app, sister.id) as session:
        assert isinstance(await choose(session, late), Chosen)


async def test_a_copy_that_came_meanwhile_is_found_by_whoever_begins_to_wait(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    edition = await held(country["sister"], copies=1)
    request = await queue.want(country["home"], edition)
    assert await queue.offers(request) == [(request, country["sister"].id, "first_in_line")]


async def test_an_offer_tells_the_first_of_those_that_were_considered(
    queue: Queue, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    edition = await held(*country.values())
    request = await queue.want(country["home"], edition)
    async with public_work(database.carrier) as session:
        told = await session.scalar(TOLD, {"request": request})
    assert [one["place"] for one in told["considered"]] == [1, 2, 3, 4, 5]
    assert told["considered"][0]["supplier"] == told["supplier"] == country["home"].id
    assert told["ranked_by"] == "own"


async def test_a_branch_s_own_readers_go_first_for_some_days(
    queue: Queue, country: dict[str, Tenant], held: Any, settle: Any
) -> None:
    home, sister = country["home"], country["sister"]
    await settle(sister, "hold.local_days", 3)
    edition = await held(sister, copies=0)
    abroad, local = await queue.want(home, edition), await queue.want(sister, edition)
    await queue.returned(sister, edition)
    assert await queue.offers(abroad, local) == [(local, sister.id, "local_first")]
    await queue.returned(sister, edition, copies=2)
    assert (await queue.offers(abroad, local))[1] == (abroad, sister.id, "first_in_line")


async def test_only_a_copy_that_comes_in_time_is_offered(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    home, far = country["home"], country["far"]
    edition = await held(far, copies=0)
    day = (now() + timedelta(days=5)).date()  # the way takes seven
    hurried = await queue.want(home, edition, needed_by=day)
    patient = await queue.want(home, edition, needed_by=day + timedelta(days=5))
    await queue.returned(far, edition)
    assert await queue.offers(hurried, patient) == [(patient, far.id, "first_in_line")]
    await queue.returned(home, edition)
    assert await queue.offers(hurried) == [(hurried, home.id, "first_in_line")]


async def test_a_copy_that_is_not_for_the_first_is_weighed_anew_for_who_needs_it_by_a_day(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    home, far = country["home"], country["far"]
    edition = await held(home, copies=0)
    await queue.want(country["sister"], edition, owner=home.id, item=uuid4())
    day = now().date() + timedelta(days=1)
    late = await queue.want(far, edition, needed_by=day)
    next_one = await queue.want(far, edition)
    await queue.returned(home, edition)
    assert [offer[0] for offer in await queue.offers(late, next_one)] == [next_one]


async def test_a_copy_that_is_not_for_the_first_is_weighed_anew_for_who_may_not_have_every_kind(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    home, sister, far = country["home"], country["sister"], country["far"]
    edition = await held(sister)
    await held(home, edition=edition, copies=0, kind="restricted")
    await queue.want(far, edition)  # the copy of the sister is kept for this one
    another: dict[str, Any] = {"owner": home.id, "item": uuid4()}
    await queue.want(home, edition, **another)
    young = await queue.want(far, edition, fits={"restricted": False})
    await held(home, edition=edition, kind="restricted")
    old = await queue.want(far, edition)
    assert await queue.offers(young, old) == [(old, home.id, "first_in_line")]


async def test_a_refusal_moves_on_and_the_same_branch_is_asked_again_when_its_shelf_changes(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    home, sister = country["home"], country["sister"]
    edition = await held(sister, copies=1)
    wish = Wish(request=uuid4(), home=home.id, pickup=home.id, edition=edition)
    await queue.act(home, lambda session: service.want(session, wish, [sister.id]))
    assert await queue.offers(wish.request) == []
    await queue.returned(sister, edition)
    assert len(await queue.offers(wish.request)) == 1


async def test_suspended_ones_keep_their_place_and_are_passed_over(
    queue: Queue, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    home, sister = country["home"], country["sister"]
    edition = await held(sister, copies=0)
    first, second = [await queue.want(home, edition) for _ in range(2)]
    await queue.act(home, lambda session: service.suspend(session, first))
    assert await queue.place(home, second) == Place(position=1, total=1)
    assert await queue.place(home, first) == Place(position=1, total=2)
    await queue.returned(sister, edition)
    assert [offer[0] for offer in await queue.offers(first, second)] == [second]
    await queue.unwant(home, second, filled=True)
    past = now() - timedelta(seconds=1)
    await queue.act(home, lambda session: service.suspend(session, first, past))
    await mend(database)
    assert [offer[0] for offer in await queue.offers(first, second)] == [second, first]


LONG_AGO = text("""
    UPDATE commons.wanted SET offered_at = now() - interval '2 minutes'
    WHERE request_id = :request AND offered_by IS NOT NULL
""")


async def time_passes(database: Database, request: UUID) -> None:
    """Since the offer was made, if one was."""
    async with public_work(database.public) as public:
        await public.execute(LONG_AGO, {"request": request})


async def test_an_offer_that_got_lost_is_made_anew(
    queue: Queue, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    edition = await held(country["sister"], copies=1)
    request = await queue.want(country["home"], edition)
    await time_passes(database, request)
    await mend(database)
    assert len(await queue.offers(request)) == 2


@pytest.fixture(params=["_offers", "_tell"])
def cut_off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> CutOff:
    """A crash before this part of making offers."""

    def die(*_: object) -> None:
        raise ConnectionError

    @contextmanager
    def crashing() -> Generator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(targeting, request.param, die)
            with pytest.raises(ConnectionError):
                yield

    return crashing


async def test_an_offer_is_made_anew_though_the_mending_was_cut_off(
    queue: Queue,
    country: dict[str, Tenant],
    held: Any,
    database: Database,
    cut_off: CutOff,
) -> None:
    edition = await held(country["sister"], copies=1)
    request = await queue.want(country["home"], edition)

    await time_passes(database, request)
    with cut_off():
        await mend(database)
    await time_passes(database, request)
    await mend(database)
    assert len(await queue.offers(request)) == 2


async def test_a_kept_copy_goes_to_the_next_though_its_first_leaves_in_a_crash(
    queue: Queue,
    country: dict[str, Tenant],
    held: Any,
    database: Database,
    cut_off: CutOff,
) -> None:
    home = country["home"]
    edition = await held(country["sister"], copies=1)
    first, second = await queue.want(home, edition), await queue.want(home, edition)

    with cut_off():
        await queue.unwant(home, first)
    await queue.unwant(home, first)  # the message comes again
    await time_passes(database, second)
    await mend(database)
    assert second in {one for one, _, _ in await queue.offers(second)}


@pytest.fixture
async def lent(
    queue: Queue,
    country: dict[str, Tenant],
    held: Any,
    database: Database,
    client: httpx.AsyncClient,
    mint: Mint,
) -> tuple[Desk, str, UUID]:
    """A desk, the barcode of the only copy, which a reader has from there, and who waits for it."""
    sister, home = country["sister"], country["home"]
    [barcode] = await stock(database, sister)
    edition = await held(sister, copies=0)
    async with unit_of_work(database.app, sister.id) as session:
        record = await session.scalar(select(Item.record_id).where(Item.barcode == barcode))
    async with public_work(database.public) as public:
        await public.execute(
            text("UPDATE commons.holding SET record_id = :record WHERE edition_id = :edition"),
            {"record": record, "edition": edition},
        )
    reader, desk = await enrol(database, home), desk_at(client, mint, sister)
    assert (await desk.lend(reader.card, barcode)).status_code == 201
    await deliver(database)
    return desk, barcode, await queue.want(home, edition)


async def test_a_return_at_a_desk_reaches_who_waits(
    queue: Queue, lent: tuple[Desk, str, UUID], database: Database
) -> None:
    desk, barcode, request = lent
    assert (await desk.take_back(barcode)).status_code == 200
    await deliver(database)
    assert await queue.offers(request) == [(request, desk.here.id, "first_in_line")]


async def test_a_wake_up_is_all_that_it_needs_and_a_lost_one_costs_a_second(
    queue: Queue, lent: tuple[Desk, str, UUID], database: Database, settings: Settings
) -> None:
    assert SWEEP + REST < 5
    desk, barcode, request = lent
    lanes = Lanes(database, listeners_of(FEATURES), Pulse())  # and no chore
    worker = asyncio.ensure_future(at_each_wake_up(settings, lanes.patient))
    assert (await desk.take_back(barcode)).status_code == 200
    for _ in range(300):
        if await queue.offers(request):
            break
        await asyncio.sleep(0.1)
    worker.cancel()
    assert await queue.offers(request) == [(request, desk.here.id, "first_in_line")]


async def test_many_returns_at_one_branch_are_looked_at_together(
    database: Database, tenant: Tenant
) -> None:
    looks: list[list[UUID]] = []

    async def look(session: Any, event: ItemsChanged, message: Message) -> None:
        looks.append(event.records)

    while await carry(database, {}):  # what others have left behind
        pass
    records = [uuid4() for _ in range(50)]
    async with unit_of_work(database.app, tenant.id) as session:
        for record in records:
            emit(session, ItemsChanged(about=record, records=[record]))
    assert await carry(database, {"ItemsChanged": (ItemsChanged, [look])}) == 50
    [together] = looks
    assert sorted(together) == sorted(records)


async def test_a_new_copy_serves_its_own_branch_alone_for_some_days(
    queue: Queue, country: dict[str, Tenant], held: Any, settle: Any, database: Database
) -> None:
    sister, home = country["sister"], country["home"]
    await settle(sister, "hold.new_days", 30)
    await stock(database, sister)
    edition = await held(sister, copies=0)
    async with unit_of_work(database.app, sister.id) as session:
        record = await session.scalar(select(Item.record_id))
    move = text("""
        UPDATE commons.holding SET record_id = :record, available = 1, lendable = 1
        WHERE edition_id = :edition""")
    abroad = await queue.want(home, edition)
    async with public_work(database.public) as public:
        await public.execute(move, {"record": record, "edition": edition})
    await deliver(database)
    assert await queue.offers(abroad) == [], "it is new, and nobody of its own branch waits"
    own = await queue.want(sister, edition)
    assert await queue.offers(abroad, own) == [(own, sister.id, "first_in_line")]
    await queue.unwant(sister, own, filled=True)
    async with unit_of_work(database.app, sister.id) as session:
        await session.execute(update(Item).values(created_at=now() - timedelta(days=31)))
    async with public_work(database.public) as public:
        await public.execute(text("UPDATE commons.new_copies SET until = now()"))
    await let_go(database)
    assert (await queue.offers(abroad, own))[1] == (abroad, sister.id, "first_in_line")


async def test_a_new_day_opens_and_closes_branches(
    country: dict[str, Tenant], database: Database
) -> None:
    stale = text("""
        UPDATE commons.supplier SET reckoned = reckoned - 1, opens = NULL WHERE tenant_id = :id""")
    async with public_work(database.public) as public:
        await public.execute(stale, {"id": country["home"].id})
    await keep_terms(database)
    opens = text("SELECT opens FROM commons.supplier WHERE tenant_id = :id")
    async with public_work(database.app) as session:
        assert await session.scalar(opens, {"id": country["home"].id})


async def test_the_scoreboard_follows_what_suppliers_tell(
    queue: Queue, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    home, sister = country["home"], country["sister"]
    edition = await held(sister, copies=1)
    moved: dict[str, Any] = {"about": uuid4(), "attempt": 1, "home": home.id, "edition": edition}
    async with unit_of_work(database.app, sister.id) as session:
        for step in (Step.ASKED, Step.PROMISED, Step.SHIPPED):
            emit(session, SupplyMoved(step=step, **moved))
    await deliver(database)
    query = text("SELECT open, balance FROM commons.supplier WHERE tenant_id = :id")
    async with public_work(database.app) as session:
        rows = [(await session.execute(query, {"id": one.id})).one() for one in (sister, home)]
    assert rows == [(1, 1), (0, -1)]


async def test_the_wait_is_told_from_the_title_s_own_past_or_not_at_all(
    queue: Queue, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    home = country["home"]
    edition = await held(country["sister"], copies=0)
    past = """
        INSERT INTO commons.waited (request_id, edition_id, placed_at, filled_at, place)
        VALUES (gen_random_uuid(), :edition, now() - :days * interval '1 day', now(), :place)"""
    mine = [await queue.want(home, edition) for _ in range(2)]
    for days, begun in ((10, 1), (40, 2)):
        async with public_work(database.public) as public:
            await public.execute(text(past), {"edition": edition, "days": days, "place": begun})
    assert await queue.place(home, mine[1]) == Place(position=2, total=2), "two tell nothing"
    async with public_work(database.public) as public:
        await public.execute(text(past), {"edition": edition, "days": 30, "place": 1})
    place = await queue.place(home, mine[1])
    assert place
    assert place.wait_median == pytest.approx(40, abs=0.01)
    assert place.wait_low == pytest.approx(24, abs=0.01)
    assert place.wait_high == pytest.approx(56, abs=0.01)
    await queue.unwant(home, mine[0], filled=True)
    assert await queue.place(home, mine[0]) is None


async def test_places_are_true_under_a_thousand_parallel_actions(
    queue: Queue, country: dict[str, Tenant], held: Any
) -> None:
    home = country["home"]
    edition = await held(country["sister"], copies=0)
    drawn, known, seen = random.Random(5), [uuid4() for _ in range(60)], list[Place]()

    async def one(number: int) -> None:
        request, action = drawn.choice(known), drawn.choice(("want", "want", "drop", "rest", "go"))
        wish = Wish(request=request, home=home.id, pickup=home.id, edition=edition)
        match action:
            case "want":
                await queue.act(home, lambda session: service.want(session, wish))
            case "drop":
                await queue.unwant(home, request, filled=number % 2 == 0)
            case "rest":
                await queue.act(home, lambda session: service.suspend(session, request))
            case _:
                await queue.act(home, lambda session: service.resume(session, request))
        place = await queue.place(home, drawn.choice(known))
        if place:
            seen.append(place)

    for start in range(0, 1000, 50):
        await asyncio.gather(*(one(start + number) for number in range(50)))
    assert len(seen) > 200
    assert all(1 <= place.position <= place.total for place in seen), seen
    kept = [place for one in known if (place := await queue.place(home, one))]
    assert kept, "somebody still waits"
