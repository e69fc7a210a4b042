"""What readers decide about their own requests: until when, not now, and which copy."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import deliver, desk_at, enrol, rule
from mint import Mint
from registering import set_apart
from request_desk import ENGLISH
from served import refused
from sqlalchemy import text

from pinakes.federation.lending.facts import LAST
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.placing import last_moment
from pinakes.federation.lending.service import TitleUnknown, describe
from pinakes.federation.lending.timers import ring_due
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Tenant

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
DAY = timedelta(days=1)
RECORD = text("SELECT record_id FROM commons.holding WHERE edition_id = :edition")
pytestmark = pytest.mark.anyio


@pytest.fixture
def me(mint: Mint, borrowing: Borrowing) -> dict[str, str]:
    """Headers of the reader."""
    return mint.reader(borrowing.reader.person, borrowing.home.code)


@pytest.fixture
async def queue(borrowing: Borrowing) -> tuple[UUID, UUID]:
    """Another reader's request that has the only copy, and its title."""
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    b.reader, mine = await enrol(b.database, b.home), b.reader
    first = await b.place(title)
    b.reader = mine
    return first, title


async def listed(client: httpx.AsyncClient, me: dict[str, str]) -> dict[str, Any]:
    """The one request on my list."""
    [one] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    found: dict[str, Any] = one
    return found


async def test_a_request_that_waits_past_the_day_it_was_needed_by_ends_and_its_reader_is_told(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], queue: tuple[UUID, UUID]
) -> None:
    b, zone = borrowing, ZoneInfo(borrowing.home.zone)
    day = (now() + 3 * DAY).astimezone(zone).date()
    request = await b.place(queue[1], needed_by=day)
    waits = await listed(client, me)
    assert (waits["state"], waits["place"]["position"]) == ("WAITING", 1)
    ends = now().fromisoformat(waits["until"]).astimezone(zone)
    assert (ends.date(), ends.time().isoformat()) == (day, "23:59:59")
    await ring_due(b.database, ends - timedelta(seconds=1))
    assert (await b.wish(request)).state == "WAITING"
    await ring_due(b.database, ends + timedelta(seconds=1))
    await deliver(b.database)
    over = await listed(client, me)
    assert (over["state"], over["over"], over["acts"]) == ("UNFILLED", True, [])
    assert await waiting(b, request) == 0
    page = await client.get(f"/b/{b.home.code}/me/loans", headers=me | ENGLISH)
    assert "No library could lend it in time" in page.text


async def test_who_cannot_bring_it_in_time_is_not_asked_by_the_queue_either(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, zone = borrowing, ZoneInfo(borrowing.home.zone)
    await rule(b.database, b.supplier, supply_courier_days=20)
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title, needed_by=(now() + 2 * DAY).astimezone(zone).date())
    waits = await listed(client, me)
    assert (waits["state"], waits["place"]["position"]) == ("WAITING", 1)
    b.reader = await enrol(b.database, b.home)
    patient = await b.place(title)
    assert (await b.wish(patient)).state == "WILL_SUPPLY"
    await ring_due(b.database, now().fromisoformat(waits["until"]) + timedelta(seconds=1))
    await deliver(b.database)
    wish = await b.wish(request)
    assert (wish.state, wish.over, wish.attempt) == ("UNFILLED", True, 1)


async def waiting(b: Borrowing, request: UUID) -> int:
    """How many rows of the queue are its own."""
    rows = text("SELECT count(*) FROM commons.wanted WHERE request_id = :id")
    async with public_work(b.database.public) as session:
        return int((await session.execute(rows, {"id": request})).scalar_one())


async def test_an_honest_wait_has_a_range_and_comes_of_the_title_s_own_past(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], queue: tuple[UUID, UUID]
) -> None:
    b, title = borrowing, queue[1]
    await b.place(title)
    path, ask = f"/b/{b.home.code}/me/loans", {"query": "{ myRequests { waitMedian waitHigh } }"}
    assert "days" not in (await client.get(path, headers=me | ENGLISH)).text
    past = text("""
        INSERT INTO commons.waited (request_id, edition_id, placed_at, filled_at, place)
        SELECT gen_random_uuid(), :edition, now() - days * interval '1 day', now(), 1
        FROM unnest(ARRAY[10, 20, 30]) AS days""")
    async with public_work(b.database.public) as session:
        await session.execute(past, {"edition": title})
    page = (await client.get(path, headers=me | ENGLISH)).text
    assert "about 20 days, between 12 and 28" in page
    graph = await client.post(f"/v1/b/{b.home.code}/graphql", json=ask, headers=me)
    [wait] = graph.json()["data"]["myRequests"]
    assert (round(wait["waitMedian"]), round(wait["waitHigh"])) == (20, 28)


async def test_what_is_reserved_is_told_with_the_rule_that_allows_it(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, path = borrowing, f"/v1/b/{borrowing.home.code}/requests"
    await rule(b.database, b.home, hold_rules=[{"item": "book", "limit": 1}])
    asked: list[httpx.Response] = []
    for _ in range(2):
        title = await edition(b.database, b.home.consortium)
        await held(b.database, b.supplier, title)
        wish = {"edition": str(title), "pickup": b.pickup.code}
        asked.append(await client.post(path, json=wish, headers=me))
    told = [(one.status_code, one.json()["rule"]) for one in asked]
    assert told == [(201, "*/book"), (409, "*/book")]
    assert asked[1].json()["code"] == "hold_limit_of_kind"


async def test_nothing_can_be_needed_by_a_day_that_has_passed(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    wish = {"title": "x", "pickup": borrowing.pickup.code, "needed_by": "2026-01-01"}
    answer = await client.post(f"/v1/b/{borrowing.home.code}/requests", json=wish, headers=me)
    assert (answer.status_code, answer.json()["code"]) == (400, "day_past")


async def test_a_reader_lets_others_go_first_and_waits_on(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], queue: tuple[UUID, UUID]
) -> None:
    b, (first, title) = borrowing, queue
    request = await b.place(title)
    path = f"/v1/b/{b.home.code}/requests/{request}"
    until = (now() + 9 * DAY).date().isoformat()
    paused = await client.post(f"{path}/suspend", json={"until": until}, headers=me)
    assert paused.status_code == 204, paused.text
    mine = await listed(client, me)
    assert (mine["suspended"], mine["acts"]) == (True, ["cancel", "resume"])
    assert mine["suspended_until"] is not None
    await b.act(b.home, first, R, "cancel")
    assert (await b.wish(request)).state == "WAITING", "the copy is free, and not for us"
    resumed = await client.post(f"{path}/resume", headers=me)
    assert resumed.status_code == 204, resumed.text
    await deliver(b.database)
    assert (await b.states(request))["supplier"] == "WILL_SUPPLY"
    late = await client.post(f"{path}/suspend", json={}, headers=me)
    assert (late.status_code, late.json()["code"]) == (409, "request_not_in_queue")


async def test_only_its_reader_and_the_desk_at_home_pause_a_request(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    queue: tuple[UUID, UUID],
) -> None:
    b = borrowing
    request = await b.place(queue[1])
    stranger = await enrol(b.database, b.home)
    other = mint.reader(stranger.person, b.home.code)
    path = f"/v1/b/{b.home.code}/requests/{request}/suspend"
    assert (await client.post(path, json={}, headers=other)).json()["code"] == "no_such_request"
    past = {"until": "2026-01-01"}
    desk = mint.staff(f"desk@{b.home.code}")
    assert (await client.post(path, json=past, headers=desk)).json()["code"] == "day_past"
    assert (await client.post(path, json={}, headers=desk)).status_code == 204


async def test_my_loans_has_a_button_for_not_now_and_one_for_waiting_on(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], queue: tuple[UUID, UUID]
) -> None:
    b = borrowing
    request = await b.place(queue[1])
    root, page = f"/b/{b.home.code}/me/requests/{request}", f"/b/{b.home.code}/me/loans"
    assert "Not now" in (await client.get(page, headers=me | ENGLISH)).text
    until = (now() + 9 * DAY).date().isoformat()
    for told, words in (({"until": until}, "others go first until"), ({"until": ""}, "Wait on")):
        pressed = await client.post(f"{root}/suspension", data=told, headers=me | ENGLISH)
        assert pressed.status_code == 303, pressed.text
        assert words in (await client.get(page, headers=me | ENGLISH)).text
    for until in ("soon", "2027-02-30"):
        told = {"until": until}
        wrong = await client.post(f"{root}/suspension", data=told, headers=me | ENGLISH)
        assert wrong.status_code == 400
    pressed = await client.post(f"{root}/resumption", headers=me | ENGLISH)
    assert pressed.status_code == 303
    assert "Not now" in (await client.get(page, headers=me | ENGLISH)).text


async def test_a_reader_waits_for_one_copy_and_no_other(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    one, other, third = await held(b.database, b.supplier, title, 3)
    desk, neighbour = desk_at(client, mint, b.supplier), await enrol(b.database, b.supplier)
    for barcode in (one, other):
        assert (await desk.lend(neighbour.card, barcode)).status_code == 201
    await deliver(b.database)
    item = await b.item(b.supplier, one)
    wish = {"edition": str(title), "owner": b.supplier.code, "pickup": b.pickup.code}
    wish |= {"record": str(item.record_id), "item": str(item.id)}
    asked = await client.post(f"/v1/b/{b.home.code}/requests", json=wish, headers=me)
    request = UUID(asked.json()["request"])
    await deliver(b.database)
    assert (await b.wish(request)).state == "WAITING", "a third copy is free, and is not it"
    await desk.take_back(other)
    await deliver(b.database)
    assert ((await b.wish(request)).state, (await b.wish(request)).attempt) == ("WAITING", 2)
    await desk.take_back(one)
    await deliver(b.database)
    assert (await b.states(request))["supplier"] == "WILL_SUPPLY"
    assert (await b.item(b.supplier, one)).request_id == request
    assert (await b.item(b.supplier, third)).status == "on_shelf"


async def test_the_copy_that_others_wait_for_as_itself_is_taken_last(
    borrowing: Borrowing, me: dict[str, str], client: httpx.AsyncClient
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    first, second = await held(b.database, b.supplier, title, 2)
    item = await b.item(b.supplier, first)
    await rule(b.database, b.supplier, supply_answers="hand")
    wish = {"owner": b.supplier.code, "record": item.record_id, "item": item.id, "sure": True}
    waits = await b.place(title, **wish)
    await b.act(b.supplier, waits, S, "decline", reason="NotOnShelf")
    async with public_work(b.database.public) as session:
        await session.execute(text("UPDATE commons.wanted SET suspended_until = 'infinity'"))
    request = await b.place_again(title)
    await b.act(b.supplier, request, S, "agree")
    assert (await b.item(b.supplier, second)).request_id == request
    alone = {"item": str(item.id), "pickup": b.pickup.code, "edition": str(title)}
    answer = await client.post(f"/v1/b/{b.home.code}/requests", json=alone, headers=me)
    assert answer.json()["code"] == "nothing_wanted"


async def test_several_requests_at_once_are_each_judged_by_those_before(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    await rule(b.database, b.home, hold_limit=2)
    titles = [await edition(b.database, b.home.consortium) for _ in range(6)]
    for title in titles:
        await held(b.database, b.supplier, title)
    wishes = [{"edition": str(title), "pickup": b.pickup.code} for title in titles * 2]
    path = f"/v1/b/{b.home.code}/requests"
    await asyncio.gather(*(client.post(path, json=wish, headers=me) for wish in wishes))
    mine = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    assert len(mine) == 2


async def test_what_another_consortium_has_is_no_title_here(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    tenant: Tenant,
) -> None:
    b = borrowing
    await set_apart(b.database, tenant)
    await b.directory.refresh(b.database.app)
    title = await edition(b.database, b.directory.ids[tenant.id].consortium)
    await held(b.database, tenant, title)
    async with public_work(b.database.public) as session:
        record = await session.scalar(RECORD, {"edition": title})
    theirs = ({"edition": str(title)}, {"owner": tenant.code, "record": str(record)})
    path = f"/v1/b/{b.home.code}/requests"
    for wish in theirs:
        answer = await client.post(path, json=wish | {"pickup": b.home.code}, headers=me)
        assert refused(answer) == (404, "title_unknown")
    wish = {"title": "红楼梦", "pickup": b.home.code}
    mediated = (await client.post(path, json=wish, headers=me)).json()["request"]
    with pytest.raises(TitleUnknown):
        async with unit_of_work(b.database.app, b.home.id) as session:
            await describe(session, UUID(mediated), title)


async def test_a_request_may_be_needed_until_the_end_of_all_days(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title, needed_by=date.max)
    assert (await b.states(request))["supplier"] == "WILL_SUPPLY"
    assert last_moment(date.max, "Pacific/Honolulu") == LAST
    assert (await listed(client, me))["until"].startswith("9999-12-31")
