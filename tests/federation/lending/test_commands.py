"""``pinakes lending …``: drawings, storms, work that waits, and a repair."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from borrowing import Borrowing, edition, held
from click.testing import CliRunner, Result
from commanding import beside
from lending import deliver, rule
from sqlalchemy import update

from pinakes.federation.lending import looking, scanning
from pinakes.federation.lending.cli import lending
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.schemas import MyRequest, Scan
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
    await deliver(b.database)
    assert (await b.states(request))["requester"] == "WILL_SUPPLY"


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
async def test_what_is_not_there_is_said_plainly(borrowing: Borrowing) -> None:
    nobody = await say("work", "pull", "--branch", "nowhere")
    assert nobody.exit_code == 1
    assert "No branch has this code" in nobody.output
    none = await say("repair", str(uuid4()), "--branch", borrowing.home.code)
    assert none.exit_code == 1
