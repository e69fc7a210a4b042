"""``pinakes lending …``: drawings, storms, work that waits, and a repair."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import msgspec
import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner, Result
from commanding import beside
from lending import deliver, rule
from sqlalchemy import update

from pinakes.federation.lending import looking, scanning
from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.schemas import MyRequest, PartyView, Scan
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work

pytestmark = pytest.mark.anyio


@pytest.fixture
def address(settings: Settings) -> Iterator[None]:
    """Commands find us."""
    with beside(settings):
        yield


async def say(*words: str) -> Result:
    """What a command answers, in a thread with a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, lending, words)


async def test_the_states_are_drawn_and_told() -> None:
    assert "digraph" in (await say("states", "--dot")).output
    assert "SHIPPED — home → COMPLETED" in (await say("states")).output


async def test_a_storm_is_told_by_its_paths() -> None:
    told = await say("storm", "--seeds", "2", "--steps", "200")
    assert "2 seeds of 200 steps" in told.output


@pytest.mark.usefixtures("address")
async def test_work_and_a_request_are_shown_and_repaired(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    work = await say("work", "pull", "--branch", b.supplier.code)
    assert barcode in work.output
    async with unit_of_work(b.database.app, b.pickup.id) as session:
        await scanning.scan(session, b.directory, Scan("NOBODY-1"))
    aside = await say("work", "problem", "--branch", b.pickup.code)
    assert "arrival  unknown  NOBODY-1" in aside.output
    empty = await say("work", "overdue", "--branch", b.supplier.code)
    assert "Nothing to do here." in empty.output
    shown = await say("show", str(request), "--branch", b.home.code)
    assert "request.chosen" in shown.output
    assert f"chosen  {b.supplier.code}  only_one" in shown.output
    [best] = [told for told in shown.output.splitlines() if "available=1" in told]
    assert best.startswith(f"  {b.supplier.code}  1  ")
    async with unit_of_work(b.database.app, b.home.id) as session:
        await session.execute(update(PartyRow).values(state="SENT", trouble="supplier:WILL_SUPPLY"))
    mended = await say("repair", "--branch", b.home.code)
    assert mended.output.startswith("1 request:")
    shown = await say("show", str(request), "--branch", b.home.code)
    assert "request.repair  operator" in shown.output
    await deliver(b.database)
    assert (await b.states(request))["requester"] == "WILL_SUPPLY"


@pytest.mark.usefixtures("address")
async def test_the_list_of_what_is_lost_says_who_pays(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    await b.act(b.pickup, request, Role.PICKUP, "receive")
    await b.act(b.pickup, request, Role.PICKUP, "lose", payer="pickup")
    for branch in (b.home, b.supplier, b.pickup):
        lost = await say("work", "lost", "--branch", branch.code)
        assert f"/ who pays: {b.pickup.code}" in lost.output


@pytest.mark.usefixtures("address")
async def test_what_a_repair_does_not_mend_is_set_right_by_hand(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    async with unit_of_work(b.database.app, b.home.id) as session:
        wrong = {"state": "COMPLETED", "over": True, "trouble": "supplier:WILL_SUPPLY"}
        await session.execute(update(PartyRow).values(**wrong))
    shown = await say("show", str(request), "--branch", b.home.code)
    assert "requester-1: repair, or set-right WILL_SUPPLY" in shown.output
    refused = await say("set-right", str(request), "SHIPPED", "--branch", b.home.code)
    assert (refused.exit_code, "It may be WILL_SUPPLY." in refused.output) == (1, True)
    done = await say("set-right", str(request), "WILL_SUPPLY", "--branch", b.home.code)
    assert done.exit_code == 0
    shown = await say("show", str(request), "--branch", b.home.code)
    assert ("request.set_right" in shown.output, "repair, or" in shown.output) == (True, False)


@pytest.mark.usefixtures("address")
async def test_the_desk_lets_others_go_before_a_request(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    await rule(b.database, b.supplier, supply_pause={"from": "2026-01-01"})  # nobody can supply
    told = (str(await b.place(title)), "--branch", b.home.code)
    shown = (await say("show", *told)).output
    assert "chosen  —  nobody" in shown
    assert f"  {b.supplier.code}  paused  " in shown
    assert (await say("suspend", *told, "--until", "2100-01-01")).exit_code == 0
    assert (await looked(b)).suspended
    assert (await say("resume", *told)).exit_code == 0
    assert not (await looked(b)).suspended
    past = await say("suspend", *told, "--until", "2026-01-01")
    assert (past.exit_code, "later day" in past.output) == (1, True)


async def looked(b: Borrowing) -> MyRequest:
    """The reader's one request."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        [one] = await looking.mine(session, b.directory, b.reader.person)
        return one


@pytest.mark.usefixtures("address")
async def test_a_request_goes_from_desk_to_desk_by_command(borrowing: Borrowing) -> None:
    b = borrowing
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    home, supplier, pickup = [("--branch", one.code) for one in (b.home, b.supplier, b.pickup)]
    wish = ("--card", b.reader.card, "--pickup", b.pickup.code)
    placed = await say("place", *home, *wish, "--title", "石头记", "--note", "精装", "--json")
    told = msgspec.json.decode(placed.output, type=PartyView)
    assert (told.state, told.supplier) == ("NEEDS_REVIEW", None)
    request = str(told.request)
    described = await say("describe", request, str(title), *home)
    assert f"{request}  requester-1  SENT  —  红楼梦" in described.output
    await deliver(b.database)
    named = ("condition", "--condition", "不得复印", "--note", "请小心")
    for where, words, state in (
        (supplier, named, "CONDITION_PENDING"),
        (home, ("accept",), "SUPPLIER_LOCATED"),
        (supplier, ("ship", "--parcel", "BOX-8", "--days", "90"), "SHIPPED"),
    ):
        done = await say("act", request, *words, *where, "--json")
        assert done.exit_code == 0, done.output
        assert msgspec.json.decode(done.output, type=PartyView).state == state
        await deliver(b.database)
    received = await say("scan", "BOX-8", *pickup)
    assert received.output == f"receive  {barcode}  红楼梦\n"
    await deliver(b.database)
    assert await b.states(UUID(request)) == {
        "requester": "RECEIVED",
        "supplier": "RECEIVED",
        "pickup": "RECEIVED",
    }
    shown = await say("show", request, *home)
    assert "request.accept  operator" in shown.output


@pytest.mark.usefixtures("address")
async def test_a_command_is_refused_as_the_api_refuses(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = str(await b.place(title))
    home, supplier = [("--branch", one.code) for one in (b.home, b.supplier)]
    wish = ("place", *home, "--card", b.reader.card, "--edition", str(title))
    for words, code in (
        (("act", request, "home", *supplier), "request_move_refused"),
        (("act", request, "write", "--note", " ", *supplier), "nothing_written"),
        (("act", request, "pull", "--branch", b.pickup.code, "--role", "supplier"), "no_such_r"),
        (("act", str(uuid4()), "pull", *supplier), "no_such_request"),
        (("act", request, "describe", *home), "edition_missing"),
        (("describe", request, str(uuid4()), *home), "title_unknown"),
        (wish, "hold_has_it_already"),
        (("place", *home, "--card", "NOBODY", "--title", "x"), "card_unknown"),
        (("act", request, "ship", "--days", "0", *supplier), "Usage:"),
        (("scan", "a b", *supplier), "Usage:"),
    ):
        refused = await say(*words)
        assert refused.exit_code != 0
        assert code in refused.output, refused.output
    assert (await say(*wish, "--sure")).exit_code == 0


@pytest.mark.usefixtures("address")
async def test_a_branch_that_is_several_parties_says_which(borrowing: Borrowing) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.home, title)
    await rule(b.database, b.home, supply_answers="automatic")
    told = ("act", str(await b.place(title)), "ask_status", "--branch", b.home.code)
    assert (await say(*told)).exit_code == 0  # the requester alone may
    both = await say("act", told[1], "write", "--note", "x", *told[3:])
    assert (both.exit_code, "--role: requester, supplier" in both.output) == (2, True)
    assert (await say("act", told[1], "pull", "--role", "supplier", *told[3:])).exit_code == 0


@pytest.mark.usefixtures("address")
async def test_what_is_not_there_is_said_plainly(borrowing: Borrowing) -> None:
    nobody = await say("work", "pull", "--branch", "nowhere")
    assert nobody.exit_code == 1
    assert "No branch has this code" in nobody.output
    none = await say("repair", str(uuid4()), "--branch", borrowing.home.code)
    assert none.exit_code == 1
