"""One request whole, on a page: its parties, its story, and what the branches write about it."""

from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import deliver, rule
from mint import Mint
from request_desk import CHINESE, ENGLISH, Desk, words
from sqlalchemy import update

from pinakes.federation.holds.choosing.ranking import ANYBODY, MARKS, OTHERS
from pinakes.federation.holds.rules import FIRST_IN_LINE, SERVING
from pinakes.federation.lending import story, wording
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio


async def asked(b: Borrowing, **more: str) -> tuple[UUID, str]:
    """A request at our supplier, and the barcode of its only copy."""
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    return await b.place(title, **more), barcode


@pytest.mark.parametrize("role", list(Role))
def test_every_state_and_step_has_words(role: Role) -> None:
    machine = model().machines[role]
    steps = {on for _, on in machine.moves} | set(machine.alarms.values())
    assert sorted(set(machine.states) - {"*"} - wording.STATES.keys()) == []
    assert sorted(steps - story.STEPS.keys()) == []
    assert role in story.PARTIES
    assert wording.ACTS.keys() <= story.STEPS.keys()  # what a notice says was done


def test_every_reason_of_a_choice_has_words() -> None:
    assert story.OUT.keys() == ANYBODY.keys() | OTHERS.keys()
    ranked = MARKS.keys() | {"only_one", "last_resort", "lot", "nobody", "others_wait"}
    queued = SERVING.keys() | {FIRST_IN_LINE, "next_hold", "next_hold_here"}
    assert story.DECIDED.keys() == ranked | queued


async def test_each_party_finds_its_own_part_of_the_story(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, barcode = await asked(b, note="请要精装本")
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    home = await Desk(client, mint, b.home, request).look()
    supplier = await Desk(client, mint, b.supplier, request).look()
    pickup = await Desk(client, mint, b.pickup, request).look()
    for page in (home, supplier, pickup):
        assert all(one in page for one in ("红楼梦", barcode, "On its way", "Back by"))
        assert all(one.name_en in page for one in (b.home, b.supplier, b.pickup))
        assert str(b.reader.person) not in page
        assert "王小明" not in page
    assert "For a reader of this library" in home
    assert "This library lends it" in supplier
    assert "It is collected at this library" in pickup
    for told in ("请要精装本", "A library was chosen and asked", "It was sent"):
        assert told in home
    for told in (f"Asked: {b.supplier.name_en}", "1 library was considered", "free copies: 1"):
        assert told in home
        assert told not in supplier + pickup
    assert b.reader.card[-4:] in pickup
    assert b.reader.card[-4:] not in supplier.replace(barcode, "")
    assert "It has arrived damaged" in pickup


async def test_it_is_told_in_chinese_too(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, me: dict[str, str]
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    wish = {"edition": str(title), "pickup": b.pickup.code}
    placed = await client.post(f"/v1/b/{b.home.code}/requests", json=wish, headers=me)
    await deliver(b.database)
    home = await Desk(client, mint, b.home, placed.json()["request"]).look(CHINESE)
    told = ("提出请求 · 由读者", "本馆读者的请求", "考虑了 1 家图书馆", "待寄出")
    assert [one for one in told if one not in home] == []


async def test_what_waits_says_why_nobody_was_asked(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    await b.place(title)
    for told in ("Nobody could supply it", "Others wait for the title already"):
        request = await b.place_again(title)
        page = await Desk(client, mint, b.home, request).look()
        assert "In the queue" in page
        assert f"Nobody could be asked · {told}" in page


FIGURES: dict[str, object] = {
    "available": 3, "near": 2, "km": 120, "days": 6, "asked": 2, "open": 1, "balance": -4,
    "cost": 0, "daily_cap": 5, "paused": True, "closed_days": 4, "fresh": 1, "last_resort": True,
    "groups": ["西部", "mountains"],
}  # fmt: skip


SHOWN = (
    ("most that may be asked a day: 5", "lends nothing at present", "for its own readers: 1",
     "days until it opens: 4", "asked last of all", "in common: 西部, mountains"),
    ("每日请求上限 5", "距开馆天数 4", "共同所属的协作组：西部, mountains", "最后才请求的馆"),
)  # fmt: skip
SHUT: dict[str, object] = {
    "closed_days": None,
    "daily_cap": None,
    "fresh": 0,
    "groups": [],
    "paused": False,
}
SAID_OF_SHUT = (("closed for more than a month",), ("闭馆一个月以上",))


async def test_a_choice_shows_every_figure_that_it_used_in_both_languages(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    desk = Desk(client, mint, b.home, request)
    for figures, (english, chinese) in ((FIGURES, SHOWN), (SHUT, SAID_OF_SHUT)):
        weighed = [{"supplier": b.supplier.id, "place": 1, "figures": figures}]
        kept = {"supplier": b.supplier.id, "rule": "only_one", "considered": weighed}
        async with unit_of_work(b.database.app, b.home.id) as session:
            await session.execute(update(PartyRow).values(reasons=kept))
        pages = [(await desk.look(), english), (await desk.look(CHINESE), chinese)]
        assert [told for page, some in pages for told in some if told not in page] == []
        silent = ("a day:", "at present", "in common", "of the copies new")
        assert any(one in pages[0][0] for one in silent) == (figures is FIGURES)


async def test_an_offer_from_elsewhere_says_why_and_can_break_nothing(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    figures = {"ahead": 2, "waited": 9, "near": [1], "km": "<far>", "cost": None}
    whole = {"supplier": b.supplier.id, "rule": "local_first", "ranked_by": "only_one"}
    for considered in (
        {"supplier": b.supplier.id, "place": 1, "figures": figures},
        {"supplier": 2**31, "out": "a_new_rule", "figures": {"near": 9}},
    ):
        reasons = whole | {"considered": [considered]}
        trouble = "pickup:LENT supplier:unknown"
        async with unit_of_work(b.database.app, b.home.id) as session:
            await session.execute(update(PartyRow).values(reasons=reasons, trouble=trouble))
        page = await Desk(client, mint, b.home, request).look()
        assert "own readers go first for a while · There was no other" in page
        assert "passed over in the queue: 2" in page or "not asked: a_new_rule" in page
        assert "<far>" not in page
        assert f"{b.pickup.name_en} With the reader {b.supplier.name_en} unknown" in page


async def test_it_does_not_exist_for_other_branches(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, neighbour: Tenant
) -> None:
    b = borrowing
    request, _ = await asked(b)
    elsewhere = Desk(client, mint, neighbour, request)
    answer = await client.get(elsewhere.path, headers=elsewhere.staff | ENGLISH)
    assert answer.status_code == 404
    assert "There is no such request here" in answer.text
    assert "红楼梦" not in answer.text
    pressed = await elsewhere.press("supplier", "write", note="x")
    assert (pressed.status_code, "红楼梦" in pressed.text) == (404, False)


async def test_what_one_branch_writes_the_other_reads(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    home, supplier = [Desk(client, mint, one, request) for one in (b.home, b.supplier)]
    assert f"Write to {b.home.name_en}" in await supplier.look()
    pressed = await supplier.press("supplier", "write", note="封面 <有> 水渍\r\n可以吗？")
    assert pressed.status_code == 303
    assert pressed.headers["location"].startswith(f"{supplier.path}?")
    await deliver(b.database)
    for desk, step in (
        (supplier, "A note was written to the other library · By the staff"),
        (home, "A note came from the other library"),
    ):
        page = await desk.look()
        assert "封面 <有> 水渍 可以吗？" in page
        assert step in page
    await home.press("requester", "write", note="可以")
    await deliver(b.database)
    assert "可以" in (await supplier.look()).replace("可以吗", "")


async def test_what_is_refused_is_told_on_the_same_page(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    desk = Desk(client, mint, b.supplier, request)
    for note, why in ((" \r\n", "There is nothing in this note"), ("x" * 501, "x" * 501)):
        answer = await desk.press("supplier", "write", note=note)
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
        assert why in answer.text
    answer = await desk.press("supplier", "home")
    assert answer.status_code == 409
    assert "This request cannot do that now" in words(answer.text)
    assert "Notes between" not in await desk.look()
    for path in ("nobody/write", "pickup/receive"):
        assert (await desk.press(*path.split("/"), note="x")).status_code == 404
    for attempt in ("0", "x"):
        assert (await desk.press("supplier", "pull", attempt=attempt)).status_code == 400


async def test_a_condition_is_read_and_accepted_on_the_page(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    request, _ = await asked(b)
    told = {"condition": "不得复印", "note": "请爱护"}
    await b.act(b.supplier, request, Role.SUPPLIER, "condition", **told)
    home = Desk(client, mint, b.home, request)
    page = await home.look()
    for one in ("Condition 不得复印", "请爱护", "A condition is to be accepted", "Accept the con"):
        assert one in page
    pressed = await home.press("requester", "accept")
    done = await client.get(pressed.headers["location"], headers=home.staff | ENGLISH)
    assert "<strong>The condition was accepted</strong>" in done.text
    await deliver(b.database)
    supplier = await Desk(client, mint, b.supplier, request).look()
    assert "To be sent: the condition is accepted" in supplier


async def test_it_says_who_pays_for_a_loss(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    await b.act(b.pickup, request, Role.PICKUP, "receive")
    await b.act(b.pickup, request, Role.PICKUP, "lose", payer="pickup")
    for branch in (b.home, b.supplier, b.pickup):
        page = await Desk(client, mint, branch, request).look()
        assert f"Who pays for the loss {b.pickup.name_en}" in page


async def test_the_lists_lead_there(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request, _ = await asked(b)
    desk = Desk(client, mint, b.supplier, request)
    listed = await client.get(f"/b/{b.supplier.code}/lending/pull", headers=desk.staff | ENGLISH)
    assert f'href="{desk.path}"' in listed.text
