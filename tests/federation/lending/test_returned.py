"""Books that are given back at other branches: home, to the next who waits, or to stay."""

import re
from collections import deque
from datetime import timedelta
from time import monotonic
from uuid import UUID, uuid4

import httpx
import pytest
from borrowing import Borrowing, edition, held
from conftest import MakeTenant
from lending import Desk, deliver, desk_at, enrol, rule, stock
from mint import Mint
from request_desk import ENGLISH
from sqlalchemy import select, update

from pinakes.federation.holds.rules import ROUTES
from pinakes.federation.lending import astray, looking, scanning
from pinakes.federation.lending.events import ItemArrived
from pinakes.federation.lending.finder import FOREIGN, ItemOfSeveral, settled
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Arrival, Transit
from pinakes.federation.lending.schemas import Scan, Scanned
from pinakes.federation.lending.wording import WHYS
from pinakes.main.features import FEATURES
from pinakes.platform import show
from pinakes.platform.carrier import carry
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import Problem
from pinakes.platform.feature import listeners_of
from pinakes.platform.identity import Principal
from pinakes.platform.language import speaking
from pinakes.platform.messages import Outbox
from pinakes.tenants.items.models import Item
from pinakes.tenants.readers.misses import MISSES, Misses

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
pytestmark = pytest.mark.anyio


async def scan(b: Borrowing, at: Tenant, barcode: str, **more: object) -> list[Scanned]:
    async with unit_of_work(b.database.app, at.id) as session:
        done = await scanning.scan(session, b.directory, Scan(barcode, **more))  # type: ignore[arg-type]
    await deliver(b.database)
    return done


@pytest.fixture
async def lent(borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint) -> tuple[UUID, str]:
    """A title, and the barcode of its only copy, which a visitor has from the supplier's desk."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    visitor = await enrol(b.database, b.supplier)
    answer = await desk_at(client, mint, b.supplier).lend(visitor.card, barcode)
    assert answer.status_code == 201, answer.text
    await deliver(b.database)
    return title, barcode


@pytest.fixture
async def finder(borrowing: Borrowing, make_tenant: MakeTenant) -> Tenant:
    """A branch that has nothing to do with it."""
    return await make_tenant(borrowing.directory.ids[borrowing.home.path[0]])


async def arrived(b: Borrowing, at: Tenant) -> Arrival:
    """The last book that was left there."""
    async with unit_of_work(b.database.app, at.id) as session:
        found = await session.scalar(select(Arrival).order_by(Arrival.id.desc()).limit(1))
    assert found is not None
    return found


async def test_a_book_that_nobody_waits_for_goes_home(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (_, barcode) = borrowing, lent
    await scan(b, finder, barcode)
    arrival = await arrived(b, finder)
    assert (arrival.rule, arrival.send_to) == ("goes_home", b.supplier.id)
    assert (await b.item(b.supplier, barcode)).status == "out"
    [done] = await scan(b, b.supplier, barcode)
    assert (done.verb, (await b.item(b.supplier, barcode)).status) == ("shelve", "on_shelf")


@pytest.mark.parametrize(
    ("tongue", "label", "why"),
    [("en", "Barcode", "Nobody waits for it"), ("zh", "条码", "无人等候")],
)
async def test_a_book_that_was_left_has_a_slip_once_its_owner_has_answered(  # noqa: PLR0913, PLR0917
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
    tongue: str,
    label: str,
    why: str,
) -> None:
    b, (_, barcode) = borrowing, lent
    staff = mint.staff(f"desk@{finder.code}") | {"Accept": "text/html", "Accept-Language": tongue}
    async with unit_of_work(b.database.app, finder.id) as session:
        await scanning.scan(session, b.directory, Scan(barcode))
    path = f"/b/{finder.code}/lending/arrivals/{(await arrived(b, finder)).id}"
    assert (await client.get(path, headers=staff)).status_code == 404
    await deliver(b.database)
    listed = await client.get(f"/b/{finder.code}/lending/problem", headers=staff)
    assert f'href="{path}"' in listed.text
    assert why in listed.text
    slip = (await client.get(path, headers=staff)).text
    with speaking(tongue):
        today = show.day(now(), finder.zone)
    ends = (finder.name_zh, b.supplier.name_zh, b.supplier.name_en)
    for told in (barcode, label, *ends, "红楼梦", why, today):
        assert told in slip


async def test_what_was_left_here_is_a_problem_until_it_is_home(
    borrowing: Borrowing, finder: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await b.place(title)
    for at in (b.supplier, b.pickup, b.pickup):
        await scan(b, at, barcode)
    assert (await desk_at(client, mint, b.pickup).lend(b.reader.card, barcode)).status_code == 201
    await deliver(b.database)
    for home in (finder, b.supplier):  # the second time it is on no request any more
        await scan(b, finder, barcode)
        assert (await arrived(b, finder)).title == "红楼梦"
        assert (await problems(client, mint, finder)) == (1, True), home
        await scan(b, b.supplier, barcode)
        assert (await problems(client, mint, finder)) == (0, False), home
        visitor = await enrol(b.database, b.supplier)
        await desk_at(client, mint, b.supplier).lend(visitor.card, barcode)
        await deliver(b.database)


async def test_a_book_that_was_sent_on_is_a_problem_until_it_is_there(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (title, barcode) = borrowing, lent
    await b.place(title)
    for _ in range(2):  # twice by the same hand, and still one book
        await scan(b, finder, barcode)
    assert (await arrived(b, finder)).send_to == b.pickup.id
    assert (await problems(client, mint, finder)) == (1, True)
    await scan(b, b.pickup, barcode)
    assert (await problems(client, mint, finder)) == (0, False)


async def test_a_book_that_stays_is_a_problem_until_it_is_put_away(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (title, barcode) = borrowing, lent
    await held(b.database, finder, title)
    await rule(b.database, b.supplier, item_float={"items": ["*"], "most": 2})
    await scan(b, finder, barcode)
    assert ((await arrived(b, finder)).rule, await problems(client, mint, finder)) == (
        "floats", (1, True),
    )  # fmt: skip
    await scan(b, finder, barcode)
    assert (await problems(client, mint, finder)) == (0, False)


async def test_a_book_that_waits_where_it_was_left_is_a_problem_until_it_is_taken_in(
    borrowing: Borrowing, lent: tuple[UUID, str], client: httpx.AsyncClient, mint: Mint
) -> None:
    b, (title, barcode) = borrowing, lent
    await b.place(title)
    await scan(b, b.pickup, barcode)
    assert ((await arrived(b, b.pickup)).rule, await problems(client, mint, b.pickup)) == (
        "next_hold_here", (1, True),
    )  # fmt: skip
    await scan(b, b.pickup, barcode)
    assert (await problems(client, mint, b.pickup)) == (0, False)


async def test_a_book_that_is_scanned_again_after_it_came_home_is_a_problem_until_it_is_home(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (_, barcode) = borrowing, lent
    for _ in range(2):
        await scan(b, finder, barcode)
        assert (await problems(client, mint, finder)) == (1, True)
        await scan(b, b.supplier, barcode)
        assert (await problems(client, mint, finder)) == (0, False)


async def test_a_hand_says_that_what_was_left_is_dealt_with(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (_, barcode) = borrowing, lent
    staff = mint.staff(f"desk@{finder.code}")
    async with unit_of_work(b.database.app, finder.id) as session:
        await scanning.scan(session, b.directory, Scan(barcode))
    path = f"/v1/b/{finder.code}/arrivals/{(await arrived(b, finder)).id}/done"
    early = await client.post(path, headers=staff)
    assert (early.status_code, early.json()["code"]) == (409, "still_asked")
    await deliver(b.database)
    page = f"/b/{finder.code}/lending/problem"
    button = path.replace("/v1", "").replace("/arrivals/", "/lending/arrivals/")
    assert f'action="{button}"' in (await client.get(page, headers=staff | ENGLISH)).text
    for done in (await client.post(path, headers=staff), await client.post(button, headers=staff)):
        assert done.status_code in {204, 303}  # the second time it is done already
        if done.status_code == 303:
            for tongue, said in (("en", "It has been sent"), ("zh", "已寄出")):
                headers = staff | ENGLISH | {"Accept-Language": tongue}
                told = (await client.get(done.headers["location"], headers=headers)).text
                assert f'role="status">\n  <p><strong>{said}</strong>' in told
                assert barcode in told
    assert (await problems(client, mint, finder)) == (0, False)
    none = await client.post(path.replace(path.split("/")[-2], str(uuid4())), headers=staff)
    assert (none.status_code, none.json()["code"]) == (404, "no_such_arrival")


async def test_a_book_that_was_just_sent_home_is_so_when_it_is_scanned_again(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    _, request, barcode = await on_loan_by_request(b, desk_at(client, mint, b.pickup))
    assert (await desk_at(client, mint, b.pickup).take_back(barcode)).status_code == 200
    await deliver(b.database)
    for _ in range(2):
        [done] = await scan(b, b.pickup, barcode)
        assert (done.verb, done.send_to) == ("send_on", b.supplier.code)
    assert (await problems(client, mint, b.pickup)) == (0, False)
    assert (await b.states(request))["pickup"] == "SENT_ON"


async def test_late_news_that_a_book_is_home_leaves_it_on_the_list_where_it_was_left_again(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (_, barcode) = borrowing, lent
    await scan(b, finder, barcode)
    for at in (b.supplier, finder):
        async with unit_of_work(b.database.app, at.id) as session:
            await scanning.scan(session, b.directory, Scan(barcode))
    await deliver(b.database)
    async with unit_of_work(b.database.app, finder.id) as session:
        left = await session.scalars(select(Arrival.state).order_by(Arrival.id))
        assert left.all() == ["settled", "known"]


async def left(b: Borrowing, at: Tenant, barcode: str) -> None:
    """It is scanned there, and its owner has not heard of it."""
    async with unit_of_work(b.database.app, at.id) as session:
        await scanning.scan(session, b.directory, Scan(barcode))


async def states(b: Borrowing, at: Tenant) -> list[tuple[str, str | None]]:
    """Every book that was left there, in the order of the scans: how it stands, and why."""
    async with unit_of_work(b.database.app, at.id) as session:
        rows = await session.scalars(select(Arrival).order_by(Arrival.id))
        return [(row.state, row.rule) for row in rows]


async def test_a_book_that_stays_does_so_when_it_was_scanned_twice_before_its_owner_answered(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    await held(b.database, finder, title)
    await rule(b.database, b.supplier, item_float={"items": ["*"], "most": 2})
    for _ in range(2):
        await left(b, finder, barcode)
    await deliver(b.database)
    assert await states(b, finder) == [("settled", "floats"), ("known", "floats")]
    assert (await b.item(finder, barcode)).status == "on_shelf"


@pytest.mark.parametrize(("there", "why"), [(False, "next_hold"), (True, "next_hold_here")])
async def test_a_book_scanned_twice_before_its_owner_answered_goes_to_who_waits(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant, there: bool, why: str
) -> None:
    b, (title, barcode) = borrowing, lent
    request, at = await b.place(title), borrowing.pickup if there else finder
    for _ in range(2):
        await left(b, at, barcode)
    await deliver(b.database)
    assert await states(b, at) == [("settled", why), ("known", why)]
    assert (await b.wish(request)).state == "SHIPPED"
    await scan(b, b.pickup, barcode)
    assert {state for state, _ in await states(b, at)} == {"settled"}


async def test_news_that_a_book_is_home_waits_for_the_answer_to_where_it_goes(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (_, barcode) = borrowing, lent
    await left(b, finder, barcode)
    await carry(b.database, listeners_of(FEATURES))
    async with public_work(b.database.carrier) as session:
        ours = update(Outbox).where(Outbox.tenant_id == b.supplier.id)
        answer = ours.where(Outbox.kind == "SeenAnswered", Outbox.state == "waiting")
        later = answer.values(due_at=now() + timedelta(hours=1)).returning(Outbox.id)
        assert len((await session.scalars(later)).all()) == 1
    await left(b, b.supplier, barcode)
    await carry(b.database, listeners_of(FEATURES))
    assert await states(b, finder) == [("asked", None)]
    async with public_work(b.database.carrier) as session:
        await session.execute(answer.values(due_at=now()))
    await deliver(b.database)
    assert await states(b, finder) == [("settled", "goes_home")]


async def test_late_news_that_a_book_was_left_ends_no_loan_that_came_after(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (_, barcode), desk = borrowing, lent, desk_at(client, mint, borrowing.supplier)
    for lends in (False, True):
        await left(b, finder, barcode)
        assert (await desk.take_back(barcode)).status_code == 200
        if lends:
            visitor = await enrol(b.database, b.supplier)
            assert (await desk.lend(visitor.card, barcode)).status_code == 201
        await deliver(b.database)
        assert (await b.item(b.supplier, barcode)).status == ("lent" if lends else "on_shelf")
        assert {state for state, _ in await states(b, finder)} == {"settled"}
        if not lends:
            visitor = await enrol(b.database, b.supplier)
            assert (await desk.lend(visitor.card, barcode)).status_code == 201


async def problems(client: httpx.AsyncClient, mint: Mint, at: Tenant) -> tuple[int, bool]:
    """How many its tab says there are, and whether any book is listed as left here."""
    staff = mint.staff(f"desk@{at.code}") | ENGLISH
    page = (await client.get(f"/b/{at.code}/lending/problem", headers=staff)).text
    said = re.search(r"Problems (\d+)</a>", page)
    assert said
    return int(said[1]), "Books of other libraries that were left here" in page


def test_every_rule_by_which_a_foreign_book_goes_on_has_words() -> None:
    of_our_own = {"damaged_stays_home", "at_home"}
    assert WHYS.keys() == ROUTES.keys() - of_our_own - {"unknown_item"} | {"on_request"}


async def test_what_was_left_here_is_listed_with_where_it_goes_and_by_which_rule(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (_, barcode), desk = borrowing, lent, desk_at(client, mint, finder)
    for code in ("NOBODY-1", barcode):
        await scan(b, finder, code)
    told = [
        (barcode, "known", b.supplier.code, b.supplier.code, "goes_home"),
        ("NOBODY-1", "unknown", None, None, "unknown_item"),
    ]
    names = ("barcode", "state", "owner", "send_to", "rule")
    items = (await desk.look("/arrivals"))["items"]
    assert [tuple(one[name] for name in names) for one in items] == told
    query = "{ arrivals { items { barcode state owner sendTo rule } } }"
    graph = (await desk.ask("/graphql", {"query": query})).json()["data"]["arrivals"]["items"]
    assert [tuple(one.values()) for one in graph] == told


async def test_a_book_goes_from_where_it_was_left_to_the_next_who_waits(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    request = await b.place(title)
    assert (await b.wish(request)).state == "WAITING"
    await rule(b.database, b.supplier, supply_answers="hand")  # and yet nobody has to agree
    await scan(b, finder, barcode)
    arrival = await arrived(b, finder)
    assert (arrival.rule, arrival.send_to) == ("next_hold", b.pickup.id)
    assert await b.states(request) == {
        "requester": "SHIPPED", "supplier": "SHIPPED", "pickup": "ON_ITS_WAY",
    }  # fmt: skip
    verbs = [one.verb for _ in range(2) for one in await scan(b, b.pickup, barcode)]
    assert verbs == ["receive", "shelve"]
    assert (await b.wish(request)).state == "READY_FOR_PICKUP"
    async with unit_of_work(b.database.app, b.home.id) as session:
        [why] = (await looking.whole(session, b.directory, request)).chosen
    assert (why.rule, why.considered[0].supplier) == ("next_hold", b.supplier.code)
    assert why.considered[0].figures == {"ahead": 0, "waited": 0}


@pytest.mark.parametrize(
    ("left_at_pickup", "states"),
    [
        (False, ["WAITING", "SHIPPED"]),
        (True, ["SHIPPED", "WAITING"]),
    ],
)
async def test_a_book_goes_to_nobody_whom_it_reaches_after_the_day_it_is_needed_by(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    left_at_pickup: bool,
    states: list[str],
) -> None:
    b, (title, barcode) = borrowing, lent
    hurried = await b.place(title, needed_by=(now() + timedelta(days=3)).date())
    b.reader = await enrol(b.database, b.home)
    patient = await b.place(title)
    await scan(b, b.pickup if left_at_pickup else finder, barcode)
    assert [(await b.wish(request)).state for request in (hurried, patient)] == states


async def test_a_book_that_never_reaches_the_next_who_waits_is_under_way_no_more(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    request = await b.place(title)
    await scan(b, finder, barcode)
    assert await under_way(b, b.supplier) == {"out": True, "on": True}
    await b.ring(b.pickup, request, P, "never_arrived")
    assert await b.states(request, 1) == {
        "requester": "LOST", "supplier": "COMPLETED_WITHOUT_RETURN", "pickup": "NEVER_ARRIVED",
    }  # fmt: skip
    assert await under_way(b, b.supplier) == {"out": False, "on": False}
    route = (b.pickup, b.pickup, b.supplier)
    verbs = [one.verb for at in route for one in await scan(b, at, barcode)]
    assert verbs == ["receive", "send_on", "home"]
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        ways = list(await session.scalars(select(Transit)))
    assert all(way.received_at and way.lost_at is None for way in ways)


async def under_way(b: Borrowing, at: Tenant) -> dict[str, bool]:
    """The ways that a branch knows of, and which of them are open."""
    async with unit_of_work(b.database.app, at.id) as session:
        ways = await session.scalars(select(Transit))
        return {way.leg: way.received_at is None and way.lost_at is None for way in ways}


async def test_a_book_is_kept_where_it_was_left_when_its_next_reader_collects_it_there(
    borrowing: Borrowing, lent: tuple[UUID, str]
) -> None:
    b, (title, barcode) = borrowing, lent
    request = await b.place(title)
    await scan(b, b.pickup, barcode)
    arrival = await arrived(b, b.pickup)
    assert (arrival.rule, arrival.send_to) == ("next_hold_here", b.pickup.id)
    for _ in range(2):
        await scan(b, b.pickup, barcode)
    assert (await b.wish(request)).state == "READY_FOR_PICKUP"


async def test_a_book_on_a_request_stays_for_the_next_who_collects_it_there(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b, desk = borrowing, desk_at(client, mint, borrowing.pickup)
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    first, second = await b.place(title), await b.place_again(title)
    for at in (b.supplier, b.pickup, b.pickup):
        await scan(b, at, barcode)
    assert (await desk.lend(b.reader.card, barcode)).status_code == 201
    await deliver(b.database)
    assert (await desk.take_back(barcode)).status_code == 200
    await deliver(b.database)
    assert (await b.wish(first)).state == "COMPLETED"
    assert [one.verb for _ in range(2) for one in await scan(b, b.pickup, barcode)] == [
        "receive", "shelve",
    ]  # fmt: skip
    assert (await b.wish(second)).state == "READY_FOR_PICKUP"


async def test_a_damaged_book_goes_home_whoever_waits(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    request = await b.place(title)
    await scan(b, finder, barcode, damaged=True)
    arrival = await arrived(b, finder)
    assert (arrival.rule, arrival.send_to) == ("damaged_goes_home", b.supplier.id)
    assert (await b.wish(request)).state == "WAITING"


async def test_a_book_that_is_wanted_no_longer_when_it_arrives_goes_home(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    request = await b.place(title)
    async with unit_of_work(b.database.app, finder.id) as session:
        await scanning.scan(session, b.directory, Scan(barcode))
    await b.act(b.home, request, R, "cancel")  # before anybody hears of the book
    assert (await b.wish(request)).state in {"CANCELLED", "SHIPPED", "CANCEL_PENDING"}
    await scan(b, b.pickup, barcode)
    await scan(b, b.supplier, barcode)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    assert (await b.item(b.supplier, barcode)).request_id is None


async def test_a_book_that_floats_stays_until_there_are_enough_and_may_come_back(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (title, barcode) = borrowing, lent
    await held(b.database, finder, title)
    await rule(b.database, b.supplier, item_float={"items": ["book"], "most": 2})
    await scan(b, finder, barcode)
    arrival = await arrived(b, finder)
    assert (arrival.rule, arrival.send_to) == ("floats", finder.id)
    assert (await b.item(b.supplier, barcode)).status == "withdrawn"
    assert (await b.item(finder, barcode)).status == "on_shelf"
    reader = await enrol(b.database, finder)
    answer = await desk_at(client, mint, finder).lend(reader.card, barcode)
    assert answer.status_code == 201, answer.text
    await deliver(b.database)
    await rule(b.database, finder, item_float={"items": ["*"], "most": 5})
    await scan(b, b.supplier, barcode)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    assert (await b.item(finder, barcode)).status == "withdrawn"


async def test_a_book_goes_home_when_there_are_enough_of_it(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    await held(b.database, finder, title, 2)
    await rule(b.database, b.supplier, item_float={"items": ["*"], "most": 2})
    await scan(b, finder, barcode)
    assert (await arrived(b, finder)).rule == "floats_but_enough_here"


async def test_a_guest_that_has_left_is_foreign_when_it_turns_up_again(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    for at in (b.supplier, b.pickup, b.pickup):
        await scan(b, at, barcode)
    desk = desk_at(client, mint, b.pickup)
    await desk.lend(b.reader.card, barcode)
    await desk.take_back(barcode)
    await deliver(b.database)
    for at in (b.pickup, b.supplier):
        await scan(b, at, barcode)
    assert (await b.wish(request)).state == "COMPLETED"
    visitor = await enrol(b.database, b.supplier)
    await desk_at(client, mint, b.supplier).lend(visitor.card, barcode)
    [found] = await scan(b, b.pickup, barcode)
    assert (found.verb, found.owner) == ("found", b.supplier.code)


async def test_a_book_that_never_comes_home_is_missing_until_it_is_found(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (_, barcode) = borrowing, lent
    await scan(b, finder, barcode)
    for days, status in ((29, "out"), (31, "missing")):
        async with unit_of_work(b.database.app, b.supplier.id) as session:
            await session.execute(update(Transit).values(shipped_at=now() - timedelta(days=days)))
            await astray.give_up(session, b.supplier.id)
        assert (await b.item(b.supplier, barcode)).status == status
    await scan(b, b.supplier, barcode)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        [way] = await session.scalars(select(Transit))
    assert way.lost_at is None
    assert way.received_at is not None


async def test_news_that_a_book_is_home_does_not_answer_what_is_still_asked(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (_, barcode) = borrowing, lent
    await scan(b, finder, barcode)
    for state, then in (("asked", "asked"), ("known", "settled")):
        async with unit_of_work(b.database.app, finder.id) as session:
            await session.execute(update(Arrival).values(state=state))
            await settled(
                session, ItemArrived(about=uuid4(), barcode=barcode), b.supplier.id, now()
            )
        assert (await arrived(b, finder)).state == then


async def test_what_nobody_knew_is_settled_once_its_owner_is_known(borrowing: Borrowing) -> None:
    b = borrowing
    [barcode] = await stock(b.database, b.home)
    async with unit_of_work(b.database.app, b.home.id) as session:
        renamed = update(Item).where(Item.barcode == barcode)
        await session.execute(renamed.values(barcode=f"{barcode}-LATE"))
    [unknown] = await scan(b, b.pickup, barcode)
    assert (unknown.verb, (await arrived(b, b.pickup)).rule) == ("unknown", "unknown_item")
    async with unit_of_work(b.database.app, b.home.id) as session:
        named = update(Item).where(Item.barcode == f"{barcode}-LATE")
        await session.execute(named.values(barcode=barcode))
    [found] = await scan(b, b.pickup, barcode)
    assert (found.verb, found.owner) == ("found", b.home.code)
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        states = list(await session.scalars(select(Arrival.state).order_by(Arrival.id)))
    assert states == ["settled", "known"]


@pytest.mark.parametrize(
    ("known", "most", "code"),
    [(True, FOREIGN, "too_many_foreign"), (False, MISSES, "too_many_misses")],
)
async def test_who_types_barcodes_ends_no_more_loans(
    borrowing: Borrowing, known: bool, most: Misses, code: str
) -> None:
    b, asker = borrowing, Principal(str(uuid4()))
    [barcode] = await stock(b.database, b.home) if known else [str(uuid4())]
    most.seen[asker.subject, b.pickup.id] = deque([monotonic()] * (most.most - 1))
    async with unit_of_work(b.database.app, b.pickup.id, asker) as session:
        await scanning.scan(session, b.directory, Scan(barcode))
        with pytest.raises(Problem) as refused:
            await scanning.scan(session, b.directory, Scan(barcode))
        assert (refused.value.code, refused.value.status) == (code, 429)


async def test_slips_of_a_list_are_printed_in_one_go_and_a_parcel_has_one_of_its_own(
    borrowing: Borrowing, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    barcodes, requests = list[str](), list[UUID]()
    for _ in range(2):
        title = await edition(b.database, b.home.consortium)
        barcodes += await held(b.database, b.supplier, title)
        requests.append(await b.place(title))
    staff = mint.staff(f"desk@{b.supplier.code}") | ENGLISH
    root = f"/b/{b.supplier.code}/lending"
    batch = await client.get(f"{root}/slips?of=pull", headers=staff)
    assert batch.status_code == 200
    assert all(f"<code>{code}</code>" in batch.text for code in barcodes)
    assert batch.text.count("<section") == 2
    await b.act(b.supplier, requests[1], S, "ship", parcel="BOX-7")
    parcel = await client.get(f"{root}/parcels?number=BOX-7", headers=staff)
    assert barcodes[1] in parcel.text
    assert barcodes[0] not in parcel.text
    assert b.pickup.name_zh in parcel.text
    none = await client.get(f"{root}/parcels?number=BOX-8", headers=staff)
    assert none.status_code == 404
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        assert len((await session.scalars(select(Transit))).all()) == 1
    await b.act(b.supplier, requests[0], S, "ship", parcel="BOX-7")
    done = await scan(b, b.pickup, "BOX-7")
    assert {(one.verb, one.barcode) for one in done} == {("receive", code) for code in barcodes}


async def test_a_number_that_parcels_of_two_branches_bear_is_asked_about(
    borrowing: Borrowing, finder: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    b, desk = borrowing, desk_at(client, mint, borrowing.pickup)
    await rule(b.database, finder, supply_answers="automatic")
    books = dict[str, str]()
    for sender in (b.supplier, finder):
        title = await edition(b.database, b.home.consortium)
        [books[sender.code]] = await held(b.database, sender, title)
        await b.act(sender, await b.place(title), S, "ship", parcel="BOX-1")
    refused = await desk.ask("/scans", {"barcode": "BOX-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "parcel_of_several")
    assert refused.json()["owners"] == sorted(books)
    path, staff = f"/b/{b.pickup.code}/lending/scan", mint.staff(f"desk@{b.pickup.code}") | ENGLISH
    page = await client.post(path, data={"scanned": "BOX-1"}, headers=staff)
    _, _, asked = page.text.partition("Who sent it?")
    assert all(f'name="owner" value="{code}"' in asked for code in books)
    form = {"scanned": "BOX-1", "owner": finder.code}
    theirs = await client.post(path, data=form, headers=staff)
    assert books[finder.code] in theirs.text
    [left] = (await desk.ask("/scans", {"barcode": "BOX-1"})).json()["items"]
    assert (left["verb"], left["barcode"]) == ("receive", books[b.supplier.code])


async def on_loan_by_request(b: Borrowing, desk: Desk) -> tuple[UUID, UUID, str]:
    """A title, and a request whose book, the only copy, its reader has."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    for at in (b.supplier, b.pickup, b.pickup):
        await scan(b, at, barcode)
    assert (await desk.lend(b.reader.card, barcode)).status_code == 201
    await deliver(b.database)
    return title, request, barcode


async def test_a_book_of_a_request_goes_from_where_it_was_left_to_the_next_who_waits(
    borrowing: Borrowing, finder: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    title, first, barcode = await on_loan_by_request(b, desk_at(client, mint, b.pickup))
    b.reader = await enrol(b.database, b.home)
    second = await b.place(title)
    await scan(b, finder, barcode)
    arrival = await arrived(b, finder)
    assert (arrival.rule, arrival.send_to) == ("next_hold", b.pickup.id)
    assert await b.states(first) == {
        "requester": "COMPLETED", "supplier": "COMPLETED", "pickup": "DONE",
    }  # fmt: skip
    assert await b.states(second) == {
        "requester": "SHIPPED", "supplier": "SHIPPED", "pickup": "ON_ITS_WAY",
    }  # fmt: skip
    for at in (b.pickup, b.pickup):
        await scan(b, at, barcode)
    assert (await b.wish(second)).state == "READY_FOR_PICKUP"


async def test_a_book_of_a_request_floats_where_it_was_left(
    borrowing: Borrowing, finder: Tenant, client: httpx.AsyncClient, mint: Mint
) -> None:
    b = borrowing
    title, request, barcode = await on_loan_by_request(b, desk_at(client, mint, b.pickup))
    await held(b.database, finder, title)
    await rule(b.database, b.supplier, item_float={"items": ["book"], "most": 2})
    await scan(b, finder, barcode)
    assert (await arrived(b, finder)).rule == "floats"
    assert (await b.wish(request)).state == "COMPLETED"
    assert (await b.item(b.supplier, barcode)).status == "withdrawn"
    assert (await b.item(finder, barcode)).status == "on_shelf"


async def test_a_book_that_bears_the_barcode_of_one_of_ours_is_asked_about(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (_, barcode) = borrowing, lent
    [own] = await stock(b.database, finder)
    async with unit_of_work(b.database.app, finder.id) as session:
        await session.execute(update(Item).where(Item.barcode == own).values(barcode=barcode))
    with pytest.raises(ItemOfSeveral) as asked:
        await scan(b, finder, barcode)
    assert asked.value.facts["owners"] == sorted([finder.code, b.supplier.code])
    [mine] = await scan(b, finder, barcode, owner=finder.code)
    assert (mine.verb, (await b.item(b.supplier, barcode)).status) == ("shelve", "lent")
    [theirs] = await scan(b, finder, barcode, owner=b.supplier.code)
    assert (theirs.verb, theirs.owner) == ("found", b.supplier.code)
    assert (await b.item(b.supplier, barcode)).status == "out"


async def test_the_list_asks_whose_book_it_is_and_takes_the_answer_without_another_scan(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (_, barcode) = borrowing, lent
    [own] = await stock(b.database, finder)
    async with unit_of_work(b.database.app, finder.id) as session:
        await session.execute(update(Item).where(Item.barcode == own).values(barcode=barcode))
    path, staff = f"/b/{finder.code}/lending/scan", mint.staff(f"desk@{finder.code}") | ENGLISH
    form = {"scanned": barcode, "back": "problem"}
    field, _, asked = (await client.post(path, data=form, headers=staff)).text.partition("Whose is")
    assert 'name="owner"' not in field  # else Enter in the field would press the first of them
    assert f'name="scanned" value="{barcode}"' in asked
    assert f'name="owner" value="{b.supplier.code}"' in asked
    found = await client.post(path, data=form | {"owner": b.supplier.code}, headers=staff)
    assert "A book of another library" in found.text


async def test_a_book_that_stays_leaves_ours_with_the_same_barcode_alone(
    borrowing: Borrowing, lent: tuple[UUID, str], finder: Tenant
) -> None:
    b, (title, barcode) = borrowing, lent
    [own] = await held(b.database, finder, title)
    async with unit_of_work(b.database.app, finder.id) as session:
        ours = update(Item).where(Item.barcode == own)
        await session.execute(ours.values(barcode=barcode, call_number="ours", status="missing"))
    await rule(b.database, b.supplier, item_float={"items": ["*"], "most": 2})
    await scan(b, finder, barcode, owner=b.supplier.code)
    assert (await arrived(b, finder)).rule == "floats"
    mine = await b.item(finder, barcode)
    assert (mine.status, mine.call_number) == ("missing", "ours")
    assert (await b.item(finder, f"{b.supplier.code}/{barcode}")).status == "on_shelf"


async def test_a_step_of_ours_is_not_made_with_a_book_that_is_others_(
    borrowing: Borrowing,
    lent: tuple[UUID, str],
    finder: Tenant,
    client: httpx.AsyncClient,
    mint: Mint,
) -> None:
    b, (_, barcode), desk = borrowing, lent, desk_at(client, mint, finder)
    title = await edition(b.database, b.home.consortium)
    [own] = await held(b.database, finder, title)
    await rule(b.database, finder, supply_answers="automatic")
    request = await b.place(title)
    async with unit_of_work(b.database.app, finder.id) as session:
        await session.execute(update(Item).where(Item.barcode == own).values(barcode=barcode))
    for owner, verb, state in (
        (b.supplier, "found", "WILL_SUPPLY"),
        (finder, "ship", "SHIPPED"),
    ):
        answer = await desk.ask("/scans", {"barcode": barcode, "owner": owner.code})
        await deliver(b.database)
        [done] = answer.json()["items"]
        assert (done["verb"], (await b.wish(request)).state) == (verb, state)


async def test_a_lost_book_that_is_scanned_at_home_is_on_the_shelf(borrowing: Borrowing) -> None:
    b = borrowing
    [barcode] = await stock(b.database, b.supplier)
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        await session.execute(update(Item).where(Item.barcode == barcode).values(status="lost"))
    await scan(b, b.supplier, barcode)
    assert (await b.item(b.supplier, barcode)).status == "on_shelf"
