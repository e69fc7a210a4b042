"""Requests over HTTP, as a graph and as pages: of readers, desks, and of nobody else."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver, desk_at, enrol
from mint import Mint
from request_desk import CHINESE, ENGLISH
from sqlalchemy import select, update

from pinakes.federation.ledger.models import Event
from pinakes.federation.ledger.sources import Beside
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.platform.audit import Audit
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio


async def placed(
    client: httpx.AsyncClient, b: Borrowing, me: dict[str, str], key: str = "k"
) -> tuple[dict[str, Any], str]:
    """What placing answers, and the barcode of the only copy."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    wish = {"edition": str(title), "pickup": b.pickup.code}
    answer = await client.post(
        f"/v1/b/{b.home.code}/requests", json=wish, headers=me | {"Idempotency-Key": key}
    )
    assert answer.status_code == 201, answer.text
    again = await client.post(
        f"/v1/b/{b.home.code}/requests", json=wish, headers=me | {"Idempotency-Key": key}
    )
    assert again.json()["request"] == answer.json()["request"]
    await deliver(b.database)
    return answer.json(), barcode


async def test_a_reader_places_a_request_once_and_every_desk_finds_its_work(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], desks: dict[str, Desk]
) -> None:
    told, barcode = await placed(client, borrowing, me)
    assert (told["role"], told["state"]) == ("requester", "SENT")
    [pull] = (await desks["supplier"].look("/worklists/pull"))["items"]
    assert (pull["barcode"], pull["pickup"]) == (barcode, borrowing.pickup.code)
    scanned = await desks["supplier"].ask("/scans", {"barcode": barcode}, key="one")
    assert scanned.json()["items"][0]["verb"] == "ship"
    again = await desks["supplier"].ask("/scans", {"barcode": barcode}, key="one")
    assert again.json() == scanned.json()
    await deliver(borrowing.database)
    [coming] = (await desks["pickup"].look("/worklists/receive"))["items"]
    assert coming["label"] == f"…{borrowing.reader.card[-4:]}"
    for _ in range(2):
        await desks["pickup"].ask("/scans", {"barcode": barcode})
    await deliver(borrowing.database)
    [mine] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    assert (mine["state"], mine["pickup"]) == ("READY_FOR_PICKUP", borrowing.pickup.code)
    assert mine["until"] is not None


async def test_a_book_that_is_scanned_twice_is_sent_once_and_not_home_again(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], desks: dict[str, Desk]
) -> None:
    b, (told, barcode) = borrowing, await placed(client, borrowing, me)
    for later, verb, state in (
        (timedelta(), "ship", "SHIPPED"),
        (timedelta(), "ship", "SHIPPED"),
        (timedelta(minutes=11), "home", "COMPLETED"),
    ):
        async with unit_of_work(b.database.app, b.supplier.id) as session:
            await session.execute(update(PartyRow).values(changed_at=PartyRow.changed_at - later))
        answer = await desks["supplier"].ask("/scans", {"barcode": barcode})
        [scanned] = answer.json()["items"]
        assert (scanned["verb"], scanned["party"]["state"]) == (verb, state)
        assert scanned["send_to"] == (b.pickup.code if verb == "ship" else None)
    await deliver(b.database)
    assert (await b.states(UUID(told["request"]), 1))["requester"] != "SHIPPED"


async def test_a_request_tells_its_whole_story_to_its_own_branch(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], desks: dict[str, Desk]
) -> None:
    told, _ = await placed(client, borrowing, me)
    whole = await desks["home"].look(f"/requests/{told['request']}")
    assert [one["role"] for one in whole["parties"]] == ["requester"]
    assert [one["operation"] for one in whole["history"]][:2] == ["request.valid", "request.chosen"]
    assert whole["chosen"][0]["supplier"] == borrowing.supplier.code
    assert await who(borrowing, borrowing.home, told["request"]) >= {("chosen", "reader")}
    assert await who(borrowing, borrowing.supplier, told["request"]) >= {("Request", "system")}
    at_supplier = await desks["supplier"].look(f"/requests/{told['request']}")
    assert at_supplier["request"] is None
    assert str(borrowing.reader.person) not in str(at_supplier)


async def test_whoever_alters_who_did_a_step_is_found_out(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    source = await Beside.open(b.database)
    events = await source.events(b.supplier.code)
    assert await source.altered(events) == []
    async with unit_of_work(b.database.app, b.supplier.id) as session:
        mine = Audit.subject == str(request), Audit.operation == "request.ship"
        await session.execute(update(Audit).where(*mine).values(actor="x"))
    [wrong] = await source.altered(events)
    assert "the audit log says" in wrong


async def who(b: Borrowing, at: Tenant, request: str) -> set[tuple[str, str]]:
    """What was done at a branch, and in which role, as the ledger holds it for ever."""
    async with unit_of_work(b.database.app, at.id) as session:
        rows = await session.scalars(select(Event.event).where(Event.about == UUID(request)))
        facts = [msgspec.json.decode(row)["facts"] for row in rows]
    return {(one["on"], one["by"]) for one in facts}


async def test_a_stranger_learns_nothing(
    client: httpx.AsyncClient,
    mint: Mint,
    borrowing: Borrowing,
    me: dict[str, str],
    neighbour: Tenant,
) -> None:
    told, _ = await placed(client, borrowing, me)
    elsewhere = desk_at(client, mint, neighbour)
    assert (await elsewhere.look(f"/requests/{told['request']}"))["code"] == "no_such_request"
    other = await enrol(borrowing.database, borrowing.home)
    headers = mint.reader(other.person, borrowing.home.code)
    path = f"/v1/b/{borrowing.home.code}/requests/{told['request']}/cancel"
    assert (await client.post(path, headers=headers)).json()["code"] == "no_such_request"
    assert (await client.post(path, headers=me)).status_code == 200


async def test_the_desk_asks_for_a_reader_and_is_told_what_can_be_done(
    client: httpx.AsyncClient, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    wish = {"title": "一本谁也没有的书", "pickup": b.home.code, "card": b.reader.card}
    told = (await desks["home"].ask("/requests", wish)).json()
    assert told["state"] == "NEEDS_REVIEW"
    [problem] = (await desks["home"].look("/worklists/problem"))["items"]
    assert problem["request"] == told["request"]
    refused = await desks["home"].ask(f"/requests/{told['request']}/requester/ship", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "request_move_refused")
    assert "describe" in refused.json()["acts"]
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    path = f"/requests/{told['request']}/requester/describe"
    for nameless in ({}, {"title": "一本谁也没有的书"}):
        answer = await desks["home"].ask(path, nameless)
        assert (answer.status_code, answer.json()["code"]) == (400, "edition_missing")
        assert answer.json()["missing"] == "edition"
    assert (await b.wish(UUID(told["request"]))).state == "NEEDS_REVIEW"
    described = await desks["home"].ask(path, {"edition": str(title)})
    assert described.json()["state"] == "SENT"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"edition": str(UUID(int=5))}, "title_unknown"),
        ({}, "nothing_wanted"),
        ({"title": "x", "pickup": "nowhere"}, "no_such_branch"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], wish: Any, code: str
) -> None:
    told = {"pickup": borrowing.pickup.code} | wish
    answer = await client.post(f"/v1/b/{borrowing.home.code}/requests", json=told, headers=me)
    assert answer.json()["code"] == code


async def test_a_second_request_for_the_same_title_is_warned_of(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title, 2)
    wish = {"edition": str(title), "pickup": b.pickup.code}
    path = f"/v1/b/{b.home.code}/requests"
    assert (await client.post(path, json=wish, headers=me)).status_code == 201
    warned = await client.post(path, json=wish, headers=me)
    assert warned.json()["code"] == "hold_has_it_already"
    assert (await client.post(path, json=wish | {"sure": True}, headers=me)).status_code == 201


async def test_readers_place_requests_at_home(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    wish = {"title": "x", "pickup": borrowing.pickup.code}
    answer = await client.post(f"/v1/b/{borrowing.pickup.code}/requests", json=wish, headers=me)
    assert answer.json()["code"] == "requests_at_home"


async def test_the_graph_tells_the_same(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], desks: dict[str, Desk]
) -> None:
    told, barcode = await placed(client, borrowing, me)
    query = '{ worklist(name: "pull") { items { request barcode state acts } } }'
    answer = await desks["supplier"].ask("/graphql", {"query": query})
    [row] = answer.json()["data"]["worklist"]["items"]
    assert (row["request"], row["barcode"]) == (told["request"], barcode)
    path = f"/v1/b/{borrowing.home.code}/graphql"
    mine = await client.post(path, json={"query": "{ myRequests { state title } }"}, headers=me)
    assert mine.json()["data"]["myRequests"] == [{"state": "WILL_SUPPLY", "title": "红楼梦"}]


@pytest.mark.parametrize("headers", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize(
    "name", ["answer", "pull", "ship", "receive", "shelf", "overdue", "lost", "problem"]
)
async def test_every_worklist_is_a_page(
    client: httpx.AsyncClient, mint: Mint, tenant: Tenant, name: str, headers: dict[str, str]
) -> None:
    staff = mint.staff(f"desk@{tenant.code}") | headers
    answer = await client.get(f"/b/{tenant.code}/lending/{name}", headers=staff)
    assert answer.status_code == 200
    assert ("Nothing to do here." in answer.text) == (headers is ENGLISH)


async def test_a_page_scans_and_prints_the_slip(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    told, barcode = await placed(client, b, me)
    staff = mint.staff(f"desk@{b.supplier.code}") | ENGLISH
    root = f"/b/{b.supplier.code}/lending"
    assert barcode in (await client.get(root, headers=staff)).text
    done = await client.post(f"{root}/scan", data={"scanned": barcode}, headers=staff)
    assert "To be sent to" in done.text
    assert b.pickup.name_en in done.text
    path = f"{root}/slips/{told['request']}/supplier"
    for tongue, words in ((ENGLISH, "Request number"), (CHINESE, "请求编号")):
        slip = (await client.get(path, headers=staff | tongue)).text
        assert all(one in slip for one in (words, barcode, b.pickup.name_zh, 'class="wide slip"'))
    wrong = await client.post(f"{root}/scan", data={"scanned": "x y"}, headers=staff)
    assert wrong.status_code == 400
    unknown = await client.post(f"{root}/scan", data={"scanned": str(uuid4())}, headers=staff)
    assert "Put it aside" in unknown.text


async def test_whoever_hands_it_out_is_told_that_it_stays_in_the_library(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title, in_house=True)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    staff = mint.staff(f"desk@{b.pickup.code}") | ENGLISH
    root = f"/b/{b.pickup.code}/lending"
    for path in (f"{root}/receive", f"{root}/slips/{request}/pickup"):
        page = await client.get(path, headers=staff)
        assert "For use in the library only" in page.text, path


async def test_buttons_do_what_the_list_offers(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b, me_not = borrowing, str(uuid4())
    told, barcode = await placed(client, b, me)
    staff = mint.staff(f"desk@{b.supplier.code}") | ENGLISH
    path = f"/b/{b.supplier.code}/lending/{told['request']}/supplier/pull"
    pressed = await client.post(path, data={"attempt": "1", "back": "ship"}, headers=staff)
    assert pressed.status_code == 303
    path_of, _, said = pressed.headers["location"].partition("?")
    assert path_of.endswith("/lending/ship")
    for tongue, done, state in (
        (ENGLISH, "It was taken from the shelf", "To be sent"),
        (CHINESE, "已取架", "待寄出"),
    ):
        told_so = notice((await client.get(f"{path_of}?{said}", headers=staff | tongue)).text)
        assert all(one in told_so for one in (done, "红楼梦", barcode, state))
    for wrong in ("", said.replace("did=pull", "did=dance"), said.replace(told["request"], me_not)):
        answer = await client.get(f"{path_of}?{wrong}", headers=staff)
        assert (answer.status_code, notice(answer.text)) == (200, "")
    for attempt in ("0", "99999999999"):
        pressed = await client.post(path, data={"attempt": attempt}, headers=staff)
        assert pressed.status_code == 400


def notice(shown: str) -> str:
    """What a page says that was done."""
    found = re.search(r'role="status">(.*?)</div>', shown, re.DOTALL)
    return found[1] if found else ""


async def test_a_button_sends_a_book_off_with_its_slip_and_says_why_it_cannot_do_so_twice(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    told, barcode = await placed(client, b, me)
    staff = mint.staff(f"desk@{b.supplier.code}") | ENGLISH
    root = f"/b/{b.supplier.code}/lending"
    button = f"{root}/{told['request']}/supplier/ship"
    form = {"attempt": "1", "back": "pull"}
    pressed = await client.post(button, data=form, headers=staff)
    sent = notice((await client.get(pressed.headers["location"], headers=staff)).text)
    assert f'href="{root}/slips/{told["request"]}/supplier"' in sent
    for tongue, why in (
        (ENGLISH, "It stands like this now: On its way"),
        (CHINESE, "目前状态：运送途中"),
    ):
        again = await client.post(button, data=form, headers=staff | tongue)
        assert again.status_code == 409
        assert 'role="alert"' in again.text
        assert why in again.text
    assert barcode in sent


async def test_my_requests_stand_with_my_loans(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    form = {"edition": str(title), "pickup": b.pickup.code}
    path = f"/b/{b.home.code}/me/requests"
    pressed = await client.post(path, data=form, headers=me | ENGLISH)
    assert pressed.status_code == 303
    page = await client.get(pressed.headers["location"], headers=me | ENGLISH)
    assert "A library has been asked" in page.text
    assert "Cancel the request" in page.text
    [mine] = (await client.get("/v1/me/requests", headers=me)).json()["items"]
    await client.post(f"{path}/{mine['id']}/cancel", headers=me | ENGLISH)
    await deliver(b.database)
    assert (await client.get("/v1/me/requests", headers=me)).json()["items"] == []
