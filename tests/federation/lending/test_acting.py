"""What desks do by hand: every act has its place on a page, its fields and its words."""

from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from lending import deliver, rule
from mint import Mint
from request_desk import CHINESE, Desk, words
from sqlalchemy import update

from pinakes.federation.lending import acting, wording
from pinakes.federation.lending.model import LATEST, Model, Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.platform.db import unit_of_work
from pinakes.tenants.items.machine import Status

pytestmark = pytest.mark.anyio

MODELS = [model(version) for version in range(1, LATEST + 1)]
TOLD_AS = {"days": "due", "in_house": "condition"}  # what a field becomes in a message
R, S, P = Role


def offered(known: Model) -> set[str]:
    """Every act of every party."""
    machines = known.machines.values()
    return {act for machine in machines for state in machine.states for act in machine.acts(state)}


@pytest.mark.parametrize("known", MODELS, ids=lambda known: str(known.version))
def test_every_act_has_words_and_a_place(known: Model) -> None:
    acts = offered(known)
    assert sorted(acts - wording.ACTS.keys() - {"describe"}) == []
    plain = acts - acting.SAME.keys()  # beside these some others are left out
    shown = acting.Offered.to(sorted(plain))
    assert {act for some in shown for act in some} | acting.FORMS_OF_THEIR_OWN >= plain
    listed = acting.Offered.on_a_list(sorted(acts))
    assert {*listed.buttons, *listed.asked}.isdisjoint(acting.NEEDS)


def test_no_table_speaks_of_what_is_no_act() -> None:
    acts = {act for known in MODELS for act in offered(known)}
    tables = (
        acting.FIELDS, acting.NEEDS, acting.WARNINGS, acting.SELDOM, acting.AT_THE_DESK,
        acting.REASONS, acting.SAME, acting.ON_ITS_PAGE,
    )  # fmt: skip
    assert sorted({act for table in tables for act in table} - acts) == []
    assert wording.FIELDS.keys() == {name for some in acting.FIELDS.values() for name in some}


@pytest.mark.parametrize("act", acting.FIELDS)
def test_whatever_a_form_asks_for_reaches_another_branch(act: str) -> None:
    known = model()
    told = {
        fact
        for machine in known.machines.values()
        for (_, on), some in machine.moves.items()
        if on == act
        for move in some
        for _, message in move.tell
        for fact in known.carries[message]
    }
    kept = acting.worded(act, {TOLD_AS.get(name, name): "" for name in acting.FIELDS[act]})
    assert kept.keys() <= told


async def asked(b: Borrowing) -> UUID:
    """A request that its supplier answers by hand."""
    await rule(b.database, b.supplier, supply_answers="hand")
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title)
    return await b.place(title)


class Desks:
    """The pages of one request at the desks of its parties."""

    def __init__(self, client: httpx.AsyncClient, mint: Mint, b: Borrowing, request: UUID) -> None:
        self.b = b
        branches = {R: b.home, S: b.supplier, P: b.pickup}
        self.at = {role: Desk(client, mint, here, request) for role, here in branches.items()}

    async def press(self, role: Role, act: str, **form: str) -> str:
        """What the page says after it; whatever it tells arrives."""
        desk = self.at[role]
        pressed = await desk.press(role, act, **form)
        assert pressed.status_code == 303, words(pressed.text)
        await deliver(self.b.database)
        return await desk.look()


async def test_a_condition_is_named_on_the_page(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    desks = Desks(client, mint, borrowing, await asked(borrowing))
    empty = await desks.at[S].press(S, "condition", condition=" ", note="请小心")
    assert (empty.status_code, "Say what the condition is" in empty.text) == (400, True)
    assert '<details id="supplier-1-condition" open>' in empty.text
    assert "请小心</textarea>" in empty.text
    await desks.press(S, "condition", condition="不得复印\r\n不得外借", note="请小心")
    home = await desks.at[R].look()
    for told in (
        "Condition 不得复印 不得外借",
        "请小心",
        "Accept the condition",
        "Refuse the cond",
    ):
        assert told in home
    await desks.press(R, "refuse")
    assert "Cancelled" in await desks.at[S].look()


async def test_for_use_in_the_library_only_is_a_condition_of_its_own(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    desks = Desks(client, mint, borrowing, await asked(borrowing))
    await desks.press(S, "condition", in_house="yes")
    assert "Condition For use in the library only" in await desks.at[R].look()
    assert "条件 仅限馆内使用" in await desks.at[R].look(CHINESE)


async def test_whoever_declines_or_offers_another_try_says_why(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    for act, told in (("decline", "In the queue"), ("offer_retry", "It may be tried again")):
        desks = Desks(client, mint, b, await asked(b))
        supplier = await desks.at[S].look()
        assert all(one in supplier for one in ("Cannot supply", "Offer another try later"))
        wrong = await desks.at[S].press(S, act, reason="正在装订", note="下月再问")
        assert (wrong.status_code, "Nobody knows this reason" in wrong.text) == (400, True)
        await desks.press(S, act, reason="NotOnShelf", note="下月再问")
        home = await desks.at[R].look()
        assert all(one in home for one in ("Reason Not on the shelf", "下月再问", told))
    assert "Try again" in home
    await desks.press(R, "accept_retry")
    assert "Attempt 2" in await desks.at[R].look()


async def test_who_cannot_cancel_any_more_says_why(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    desks = Desks(client, mint, borrowing, await asked(borrowing))
    for role, act in ((S, "agree"), (S, "pull"), (R, "cancel")):
        await desks.press(role, act)
    wrong = await desks.at[S].press(S, "refuse_cancel", reason="装箱")
    assert wrong.status_code == 400
    assert all(f'<option value="{one}">' in wrong.text for one in acting.REASONS["refuse_cancel"])
    await desks.press(S, "refuse_cancel", reason="Packed")
    assert "Reason It is packed already" in await desks.at[R].look()


@pytest.mark.parametrize("act", acting.REASONS)
def test_only_a_reason_of_the_list_is_taken(act: str) -> None:
    for known in ({}, *({"reason": reason} for reason in acting.REASONS[act])):
        acting.refuse_unfit(act, known | {"note": "随便写"})
    with pytest.raises(acting.ReasonUnknown) as refused:
        acting.refuse_unfit(act, {"reason": "随便写"})
    assert refused.value.facts["reasons"] == list(acting.REASONS[act])


async def test_one_asks_how_it_stands(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    desks = Desks(client, mint, borrowing, await asked(borrowing))
    home = await desks.press(R, "ask_status")
    assert "The other library was asked how it stands" in home
    assert "The other library asked how it stands" in await desks.at[S].look()


async def test_a_return_is_held_and_let_go_again(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request = await asked(b)
    desks = Desks(client, mint, b, request)
    for role, act in ((S, "agree"), (S, "ship"), (P, "receive"), (P, "shelve")):
        await desks.press(role, act)
    assert "Lend it at the desk" in await desks.at[P].look()
    for act in ("lend", "return"):
        await b.act(b.pickup, request, P, act)
    supplier = await desks.at[S].look()
    assert ("Ask them to wait" in supplier, "Let it be sent home" in supplier) == (True, False)
    supplier = await desks.press(S, "hold_return", note="我们来取")
    assert ("Ask them to wait" in supplier, "Let it be sent home" in supplier) == (False, True)
    assert "Given back; its owner asks to wait with it" in await desks.at[R].look()
    assert "Send home" not in await desks.at[P].look()
    await desks.press(S, "release_return")
    assert "Send home" in await desks.at[P].look()


async def test_what_cannot_be_taken_back_says_what_follows(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    await rule(b.database, b.supplier, supply_answers="automatic")
    desks = Desks(client, mint, b, await b.place(title))
    warning = acting.WARNINGS["miss"]
    listed = await client.get(f"/b/{b.supplier.code}/lending/pull", headers=desks.at[S].headers)
    assert warning in words(listed.text)
    assert warning in await desks.at[S].look()
    await desks.press(S, "miss")
    assert (await b.item(b.supplier, barcode)).status == Status.MISSING


async def test_a_book_is_sent_in_a_parcel_until_a_day_and_lost_at_somebody_s_cost(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    desks, broken = [Desks(client, mint, b, await asked(b)) for _ in range(2)]
    for one in (desks, broken):
        await one.press(S, "agree")
    for wrong in ("soon", "0", "999"):
        refused = await desks.at[S].press(S, "ship", days=wrong)
        assert refused.status_code == 400
        assert f'value="{wrong}"' in refused.text
    parcel = f"/b/{b.supplier.code}/lending/parcels?number=BOX-7"
    await desks.press(S, "ship", parcel="BOX-7", days="90")
    assert b.pickup.name_zh in (await client.get(parcel, headers=desks.at[S].headers)).text
    await desks.press(P, "receive")
    await desks.press(P, "lose", payer="supplier")
    paid = f"Who pays for the loss {b.supplier.name_en}"
    assert paid in await desks.at[R].look()
    await broken.press(S, "ship")
    await broken.press(P, "receive_damaged", damage="封面撕破")
    assert "What is damaged 封面撕破" in await broken.at[S].look()


async def test_a_list_tells_a_disagreement_in_words(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    desks = Desks(client, mint, b, await asked(b))
    await desks.press(S, "condition", condition="不得复印")
    path = f"/b/{b.home.code}/lending/problem"
    listed = words((await client.get(path, headers=desks.at[R].headers)).text)
    assert "Condition 不得复印" in listed
    await b.disagree(b.home, "supplier:WILL_SUPPLY")
    listed = words((await client.get(path, headers=desks.at[R].headers)).text)
    assert f"The libraries disagree {b.supplier.name_en} To be sent" in listed
    assert "WILL_SUPPLY" not in listed
    assert "More 红楼梦" in listed


async def test_home_writes_to_the_owner_and_to_the_place_of_pickup_which_writes_back(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    desks = Desks(client, mint, b, await asked(b))
    assert f"Write to {b.supplier.name_en} Send" in await desks.at[R].look()
    for role, act in ((S, "agree"), (S, "ship")):
        await desks.press(role, act)
    home = await desks.at[R].look()
    assert any(
        f"Write to {one.name_en} · {other.name_en} Send" in home
        for one, other in ((b.supplier, b.pickup), (b.pickup, b.supplier))
    )
    assert f"Write to {b.home.name_en} Send" in await desks.at[P].look()
    await desks.press(R, "write", note="读者下周来取")
    for role in (S, P):
        assert "读者下周来取" in await desks.at[role].look()
    await desks.press(P, "write", note="本馆周一闭馆")
    home, supplier = [await desks.at[role].look() for role in (R, S)]
    assert f"{b.pickup.name_en} ·" in home[: home.index("本馆周一闭馆")]
    assert "本馆周一闭馆" not in supplier
    assert "A note was written to the other library · By the staff" in await desks.at[P].look()


async def test_the_staff_decide_about_a_second_request(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    title = await edition(b.database, b.home.consortium)
    await held(b.database, b.supplier, title, copies=3)
    first = await b.place(title)
    for act, after in (("keep", "To be sent"), ("drop", "Closed: asked for twice")):
        desks = Desks(client, mint, b, await b.place(title, sure=True))
        page = await desks.at[R].look()
        assert all(one in page for one in ("Asked for twice", "Keep both", "Waits until"))
        assert acting.WARNINGS["drop"] in page
        assert "The other request" in page
        shown = await client.get(desks.at[R].path, headers=desks.at[R].headers)
        assert f'/lending/requests/{first}"' in shown.text
        listed = await client.get(f"/b/{b.home.code}/lending/problem", headers=desks.at[R].headers)
        assert "Keep both requests" in words(listed.text)
        assert f"State {after}" in await desks.press(R, act)


async def test_who_may_not_borrow_is_looked_at_again_or_the_request_is_closed(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing
) -> None:
    b = borrowing
    request = await asked(b)
    desks = Desks(client, mint, b, request)
    async with unit_of_work(b.database.app, b.home.id) as session:
        barred = {"state": "INVALID_PATRON", "alarm": None, "alarm_at": None}
        await session.execute(update(PartyRow).values(**barred))
    home = await desks.at[R].look()
    told = ("The reader may not borrow at present", "The reader may borrow again", "Close it")
    assert [one for one in told if one not in home] == []
    assert "It is closed for good." in home
    home = await desks.press(R, "look_again")
    assert "The reader's standing was looked at again" in home
    chinese = await desks.at[R].look(CHINESE)
    assert "重新核对了读者的外借资格" in chinese
