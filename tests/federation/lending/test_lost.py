"""A book that is gone stands on a list at every party until its branch has settled that."""

from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk
from mint import Mint
from request_desk import TONGUES

from pinakes.federation.lending.model import LATEST, Role, model
from pinakes.federation.lending.models import UNSETTLED
from pinakes.federation.lending.worklists import counts
from pinakes.platform.db import unit_of_work

pytestmark = pytest.mark.anyio

R, S, P = Role
GONE = {R: ["LOST"], S: ["COMPLETED_WITHOUT_RETURN"], P: ["LOST", "NEVER_ARRIVED"]}


@pytest.mark.parametrize("version", range(1, LATEST + 1))
def test_every_end_of_a_book_that_is_gone_can_be_settled_once(version: int) -> None:
    known = model(version)
    for role, states in GONE.items():
        machine = known.machines[role]
        settled = {start for start, on in machine.moves if on == "settle"}
        assert settled == set(states) <= machine.ends
        assert all(f"'{state}'" in UNSETTLED for state in states)
        for (start, _), some in machine.moves.items():
            for move in some:
                if start in settled and move.to not in machine.ends:
                    assert "settled" in move.clear, "what is found may be lost once more"


async def gone(b: Borrowing, never: bool) -> UUID:
    """A request whose book never arrived, or was lost on the hold shelf."""
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, S, "ship")
    if never:
        await b.ring(b.pickup, request, P, "never_arrived")
    else:
        await b.act(b.pickup, request, P, "receive")
        await b.act(b.pickup, request, P, "lose", payer="pickup")
    return request


async def listed(desks: dict[str, Desk]) -> dict[str, list[str]]:
    """Whose list has which roles of it."""
    return {
        name: [one["role"] for one in (await desk.look("/worklists/lost"))["items"]]
        for name, desk in desks.items()
    }


async def test_it_stands_there_until_each_party_has_settled_it(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    request = await gone(b, never=False)
    all_of_it = {"home": ["requester"], "supplier": ["supplier"], "pickup": ["pickup"]}
    assert await listed(desks) == all_of_it
    for tongue, words in (
        ("en", ("Lost books 1", "Who pays for the loss", b.pickup.name_en, "The loss is settled")),
        ("zh", ("丢失的书 1", "损失由谁承担", b.pickup.name_zh, "损失已处理完毕")),
    ):
        staff = mint.staff(f"desk@{b.supplier.code}") | TONGUES[tongue]
        page = (await client.get(f"/b/{b.supplier.code}/lending/lost", headers=staff)).text
        assert [one for one in words if one not in page] == []
    path = f"/b/{b.supplier.code}/lending/{request}/supplier/settle"
    form = {"attempt": "1", "back": "lost"}
    assert (await client.post(path, data=form, headers=staff)).status_code == 303
    assert await listed(desks) == all_of_it | {"supplier": []}
    again = await desks["supplier"].ask(f"/requests/{request}/supplier/settle", {})
    assert (again.status_code, again.json()["code"]) == (409, "request_move_refused")
    for name, role in (("home", "requester"), ("pickup", "pickup")):
        done = await desks[name].ask(f"/requests/{request}/{role}/settle?attempt=1", {})
        assert done.status_code == 200
    assert await listed(desks) == {"home": [], "supplier": [], "pickup": []}


async def test_of_one_loss_a_branch_has_one_row(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = replace(borrowing, pickup=borrowing.home)
    request = await gone(b, never=False)
    other = await gone(b, never=True)
    rows = await listed(desks)
    assert (rows["home"], rows["supplier"]) == (["pickup"] * 2, ["supplier"] * 2)
    async with unit_of_work(b.database.app, b.home.id) as session:
        assert (await counts(session))["lost"] == 2
    done = await desks["home"].ask(f"/requests/{request}/pickup/settle", {})
    assert done.json()["role"] == "pickup"
    [left] = (await desks["home"].look("/worklists/lost"))["items"]
    assert left["request"] == str(other)


async def test_what_is_found_leaves_the_list_and_may_be_lost_once_more(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    request = await gone(b, never=True)
    assert (await listed(desks))["pickup"] == ["pickup"]
    await b.act(b.pickup, request, P, "settle")
    assert (await listed(desks))["pickup"] == []
    for act in ("receive", "lose"):
        await b.act(b.pickup, request, P, act)
        assert (await listed(desks))["pickup"] == (["pickup"] if act == "lose" else [])


async def test_it_does_not_stand_on_the_list_of_others(
    borrowing: Borrowing, desks: dict[str, Desk]
) -> None:
    b = borrowing
    request = await gone(b, never=True)
    path = f"/requests/{request}/pickup/settle"
    assert (await desks["supplier"].ask(path, {})).json()["code"] == "no_such_request"
    assert (await listed(desks))["pickup"] == ["pickup"]
