"""The reader's own list of requests: which title, where it comes to, and how long that takes."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, rule
from litestar import Litestar
from msgspec.structs import replace
from sqlalchemy import text
from time_machine import travel

from pinakes.federation.holds.service import Place
from pinakes.federation.lending import looking, wording
from pinakes.federation.lending.expecting import expected_by
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import born
from pinakes.federation.lending.rows import Found, knowing
from pinakes.federation.lending.schemas import MyRequest
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.language import speaking

pytestmark = pytest.mark.anyio

MADE = text("""
    UPDATE commons.holding SET title_fields = '{"title": "红楼梦", "responsibility": "曹雪芹著"}'
    WHERE edition_id = :edition
""")


@pytest.mark.parametrize(
    ("tongue", "placed", "where"),
    [
        ("en", "Your request has been placed.", "To be collected at:"),
        ("zh", "您的请求已提交。", "取书地点："),
    ],
)
async def test_a_request_is_confirmed_with_its_title_and_where_it_comes_to(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    tongue: str,
    placed: str,
    where: str,
) -> None:
    b, headers = borrowing, me | {"Accept": "text/html", "Accept-Language": tongue}
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    async with public_work(b.database.public) as session:
        await session.execute(MADE, {"edition": title})
    form = {"edition": str(title), "pickup": b.pickup.code}
    pressed = await client.post(f"/b/{b.home.code}/me/requests", data=form, headers=headers)
    page = (await client.get(pressed.headers["location"], headers=headers)).text
    assert placed in page
    assert f"{where} {b.pickup.name(tongue)}" in page
    assert f'href="/b/{b.home.code}/catalogue/{title}"' in page
    assert "曹雪芹著" in page
    later = (await client.get(f"/b/{b.home.code}/me/loans", headers=headers)).text
    assert placed not in later


@pytest.mark.parametrize(
    ("tongue", "words"),
    [("en", "about 12 days, between 7 and 32"), ("zh", "约 12 天，7 至 32 天之间")],
)
async def test_the_wait_is_told_in_words_that_no_line_breaks(
    app: Litestar, borrowing: Borrowing, tongue: str, words: str
) -> None:
    b = borrowing
    await b.place(await edition(b.database, b.home.consortium), title="红楼梦")
    async with unit_of_work(b.database.app, b.home.id) as session:
        [one] = await looking.mine(session, b.directory, b.reader.person)
    one.place = Place(position=1, total=2, wait_median=12, wait_low=7, wait_high=32)
    page = rendered(app, one, b.home, tongue)
    assert f'<span class="whole">{words}</span>' in page


@pytest.mark.parametrize(
    ("state", "said", "unsaid"),
    [
        ("CHECKED_OUT", "Back by <time", "To be collected"),
        ("SHIPPED", "To be collected at:", "<time"),
        ("READY_FOR_PICKUP", "· until <time", "Back by"),
        ("SENT_ON", "Given back", "To be collected"),
    ],
)
async def test_a_date_says_what_it_is_for(
    app: Litestar, borrowing: Borrowing, state: str, said: str, unsaid: str
) -> None:
    b = borrowing
    await b.place(await edition(b.database, b.home.consortium), title="红楼梦")
    async with unit_of_work(b.database.app, b.home.id) as session:
        [one] = await looking.mine(session, b.directory, b.reader.person)
    one.state, one.until = state, now()
    page = rendered(app, one, b.home, "en")
    assert said in page
    assert unsaid not in page


def rendered(app: Litestar, one: MyRequest, home: Tenant, tongue: str) -> str:
    """The list with one request."""
    shown = {"requests": [one], "steps": wording.STEPS, "closed": wording.CLOSED, "home": home}
    shown |= {"at_home": wording.AT_HOME, "coming": wording.COMING, "expected": wording.EXPECTED}
    with speaking(tongue):
        page: str = app.state.templates.get_template("lending/mine.html").render(
            language=tongue, **shown
        )
    return page


async def test_a_book_that_a_request_has_brought_stands_once(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], desks: dict[str, Desk]
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    for act in ("receive", "shelve"):
        await b.act(b.pickup, request, Role.PICKUP, act)
    await desks["pickup"].lend(b.reader.card, barcode)
    await deliver(b.database)
    [loan] = (await client.get("/v1/me/loans", headers=me)).json()["items"]
    [wish] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    assert (loan["request"], loan["branch"]) == (str(request), b.pickup.code)
    assert (wish["id"], wish["supplier"], wish["barcode"]) == (
        str(request),
        b.supplier.code,
        barcode,
    )
    headers = me | {"Accept": "text/html", "Accept-Language": "en"}
    page = (await client.get(f"/b/{b.home.code}/me/loans", headers=headers)).text
    assert page.count('class="loan"') == 1
    assert f"it belongs to {b.supplier.name_en}" in page
    assert "Due <time" in page
    assert f'action="/b/{b.home.code}/me/requests/{request}/renew"' in page
    ask = {"query": "{ myLoans { request } myRequests { id supplier barcode } }"}
    graph = await client.post(f"/v1/b/{b.home.code}/graphql", json=ask, headers=me)
    told = graph.json()["data"]
    assert told["myLoans"] == [{"request": str(request)}]
    assert told["myRequests"] == [
        {"id": str(request), "supplier": b.supplier.code, "barcode": barcode}
    ]
    await desks["pickup"].take_back(barcode)
    await deliver(b.database)
    kept = (await client.get("/v1/me/loans?closed_too=true", headers=me)).json()["items"]
    assert [one["request"] for one in kept] == [None]


async def test_the_next_step_is_told_with_the_day_until_which_it_is_waited_for(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    await rule(b.database, b.supplier, supply_answers="hand")
    await held(b.database, b.supplier, title)
    path, tongue = f"/b/{b.home.code}/me/loans", {"Accept": "text/html", "Accept-Language": "en"}
    request = await b.place(title)
    steps = [("", 2, "An answer is expected by"), ("agree", 4, "Expected to be sent by")]
    for act, days, words in [*steps, ("ship", 14, "Expected to arrive by")]:
        if act:
            await b.act(b.supplier, request, Role.SUPPLIER, act)
        [wish] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
        due, since = (datetime.fromisoformat(wish[name]) for name in ("expected_by", "as_of"))
        assert round((due - since).total_seconds() / 3600) == days * 24
        page = (await client.get(path, headers=me | tongue)).text
        assert words in page
        assert "As of " in page
    for act in ("receive", "shelve"):
        await b.act(b.pickup, request, Role.PICKUP, act)
    [wish] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    assert (wish["state"], wish["expected_by"]) == ("READY_FOR_PICKUP", None)


async def test_a_note_puts_off_no_day(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    await rule(b.database, b.supplier, supply_answers="hand")
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    for act in (None, "agree", "ship"):
        if act:
            await b.act(b.supplier, request, Role.SUPPLIER, act)
        told = set[str]()
        for days in range(3):
            with travel(now() + timedelta(days=days)):
                await b.act(b.home, request, Role.REQUESTER, "write", note=f"{act} {days}")
            [wish] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
            told.add(wish["expected_by"])
        assert len(told) == 1, act


def test_what_was_on_its_way_before_steps_left_their_moment_has_its_day() -> None:
    party = replace(born(Role.REQUESTER, uuid7(), 1, 1, 2, 3), state="SHIPPED")
    sent = datetime(2026, 11, 1, tzinfo=UTC)
    due = int((sent + timedelta(days=14)).timestamp())
    assert expected_by(Found(id=uuid7(), party=party, since=sent)) == due
    later = Found(id=uuid7(), party=party, since=sent + timedelta(days=2))
    assert expected_by(knowing(later, since=int(sent.timestamp()))) == due


async def test_what_its_reader_no_longer_wants_is_expected_by_no_day(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    await b.act(b.home, request, Role.REQUESTER, "cancel")
    [wish] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    assert (wish["state"], wish["expected_by"]) == ("SHIPPED", None)


async def test_who_insists_and_who_asks_for_the_unknown_are_told_until_when_the_staff_look(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    await held(b.database, b.supplier, title)
    await b.place(title)
    path, wish = f"/v1/b/{b.home.code}/requests", {"pickup": b.pickup.code}
    for more in ({"edition": str(title), "sure": True}, {"title": "失传的书"}):
        assert (await client.post(path, json=wish | more, headers=me)).status_code == 201
    headers = me | {"Accept": "text/html", "Accept-Language": "en"}
    page = (await client.get(f"/b/{b.home.code}/me/loans", headers=headers)).text
    assert "without a word from them it goes on" in page
    assert "The staff look for it until" in page


@pytest.mark.parametrize(
    ("tongue", "words"),
    [
        ("en", ("For use in the library only", "You wrote:")),
        ("zh", ("仅限馆内使用", "您的留言：")),
    ],
)
async def test_a_reader_finds_again_what_was_asked_with(
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    tongue: str,
    words: tuple[str, ...],
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    await held(b.database, b.supplier, title)
    await b.place(title, note="第二册 <也可以>", in_house=True)
    path = f"/b/{b.home.code}/me/loans"
    headers = me | {"Accept": "text/html", "Accept-Language": tongue}
    page = (await client.get(path, headers=headers)).text
    assert [one for one in (*words, "第二册 &lt;也可以&gt;") if one not in page] == []
    [wish] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    assert (wish["note"], wish["in_house"]) == ("第二册 <也可以>", True)
    ask = {"query": "{ myRequests { note inHouse } }"}
    graph = await client.post(f"/v1/b/{b.home.code}/graphql", json=ask, headers=me)
    assert graph.json()["data"]["myRequests"] == [{"note": "第二册 <也可以>", "inHouse": True}]


def test_whatever_is_expected_is_a_state_that_readers_are_told() -> None:
    assert wording.EXPECTED.keys() <= wording.STEPS.keys()
