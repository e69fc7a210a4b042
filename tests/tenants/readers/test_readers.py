"""A reader is one person with a home, cards and a PIN."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from lending import Desk
from mint import Mint
from registering import ADA, find, register
from sqlalchemy import select, text

from pinakes.platform.admin import WrongCredentials
from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.login import Accounts
from pinakes.platform.replies import Reply
from pinakes.tenants.readers import cards, numbers

MakeTenant = Callable[..., Awaitable[Tenant]]

pytestmark = pytest.mark.anyio


async def test_a_new_reader_gets_a_card_with_check_digits(desk: Desk) -> None:
    made = await register(desk)
    (card,) = made["cards"]
    assert numbers.is_issued(card["number"])
    assert int(card["number"][:-10]) == desk.here.id
    seen = (await find(desk, card["number"])).json()
    assert (seen["name"], seen["may_borrow"], seen["blocks"]) == ("王小明", True, [])
    assert seen["reader"]["contact"] == "ada@example.org"


async def test_the_same_registration_makes_one_reader(desk: Desk) -> None:
    first = await desk.ask("/readers", ADA, key="one")
    again = await desk.ask("/readers", ADA, key="one")
    assert first.json() == again.json()
    assert len((await desk.look("/readers"))["items"]) == 1


async def test_a_first_pin_logs_in_only_to_be_changed(desk: Desk, accounts: Accounts) -> None:
    made = await register(desk)
    answer = await desk.ask(f"/readers/{made['reader']['id']}/pin", {})
    pin = answer.json()["pin"]
    assert len(pin) == 6
    with pytest.raises(WrongCredentials, match="changed"):
        await accounts.direct_token("readers", made["cards"][0]["number"], pin)


async def test_a_pin_is_kept_nowhere_but_at_the_issuer(desk: Desk, database: Database) -> None:
    made = await register(desk, pin="274915")
    await desk.ask(f"/readers/{made['reader']['id']}/pin", {"pin": "815274"}, key="pin")
    async with unit_of_work(database.app, desk.here.id) as session:
        kept = [reply.body for reply in await session.scalars(select(Reply))]
        done = [entry.operation for entry in await session.scalars(select(Audit))]
    assert not any(b"274915" in body or b"815274" in body for body in kept)
    assert {"readers.register", "readers.pin"} <= set(done)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"number": "123456789012345"}, "card_mistyped"),
        ({"number": " \t "}, "card_malformed"),
        ({"number": "a\x00b", "old": True}, "card_malformed"),
        ({"number": "1@hub", "old": True}, "card_malformed"),
        ({"number": numbers.issue(99_998), "old": True}, "card_of_another"),
        ({"number": "x" * 41, "old": True}, "validation_failed"),
        ({"name": " "}, "validation_failed"),
        ({"pin": "12345"}, "validation_failed"),
        ({"pin": "274915\n"}, "validation_failed"),
        ({"pin": "１２３４５６"}, "validation_failed"),
        ({"tenant_id": 1}, "validation_failed"),
        ({"born": "2001-02-30"}, "validation_failed"),
    ],
)
async def test_what_cannot_be_is_refused(desk: Desk, told: dict[str, Any], code: str) -> None:
    answer = await desk.ask("/readers", ADA | told)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_an_old_barcode_is_an_alias_and_belongs_to_one_reader(desk: Desk) -> None:
    made = await register(desk)
    path = f"/readers/{made['reader']['id']}/cards"
    assert (await desk.ask(path, {"number": "老A-1", "old": True})).status_code == 201
    assert (await find(desk, "老A-1")).json()["reader"]["id"] == made["reader"]["id"]
    taken = await desk.ask("/readers", ADA | {"number": "老A-1", "old": True})
    assert (taken.status_code, taken.json()["code"]) == (409, "card_taken")


async def test_a_card_that_was_lost_does_not_lend_and_its_replacement_does(
    desk: Desk, accounts: Accounts
) -> None:
    made = await register(desk, pin="274915")
    old = made["cards"][0]["number"]
    lost = await desk.ask("/cards/lose", {"card": old})
    assert lost.json()["state"] == "lost"
    assert not (await find(desk, old)).json()["may_borrow"]
    new = (await desk.ask("/cards/replace", {"card": old})).json()["number"]
    assert (await find(desk, new)).json()["reader"]["id"] == made["reader"]["id"]
    assert (await find(desk, old)).json()["card"]["state"] == "replaced"
    with pytest.raises(WrongCredentials, match="changed"):  # the PIN fits; it is a first one
        await accounts.direct_token("readers", new, "274915")
    with pytest.raises(WrongCredentials, match="do not fit"):
        await accounts.direct_token("readers", old, "274915")
    again = await desk.ask("/cards/replace", {"card": old})
    assert (again.status_code, again.json()["code"]) == (409, "card_move_refused")


async def test_a_block_at_home_counts_in_every_branch_at_once(desk: Desk, away: Desk) -> None:
    made = await register(desk)
    card, path = made["cards"][0]["number"], f"/readers/{made['reader']['id']}"
    for reason in ("fees", "damage"):
        await desk.ask(f"{path}/block", {"reason": reason})
    seen = (await find(away, card)).json()
    assert (seen["may_borrow"], seen["blocks"]) == (False, ["damage", "fees"])
    await desk.ask(f"{path}/unblock", {"reason": "fees"})
    assert (await find(away, card)).json()["blocks"] == ["damage"]
    await desk.ask(f"{path}/unblock", {"reason": "damage"})
    assert (await find(away, card)).json()["may_borrow"]
    idle = await desk.ask(f"{path}/unblock", {"reason": "damage"})
    assert (idle.status_code, idle.json()["code"]) == (409, "reader_move_refused")


async def test_a_membership_that_has_ended_lends_no_longer(desk: Desk, away: Desk) -> None:
    made = await register(desk, until="2020-01-01")
    seen = (await find(away, made["cards"][0]["number"])).json()
    assert (seen["may_borrow"], seen["blocks"]) == (False, ["expired"])


async def test_who_has_left_borrows_nothing_and_logs_in_nowhere(
    desk: Desk, away: Desk, accounts: Accounts
) -> None:
    made = await register(desk, pin="274915")
    card, path = made["cards"][0]["number"], f"/readers/{made['reader']['id']}"
    assert (await desk.ask(f"{path}/leave")).json()["reader"]["state"] == "left"
    assert (await find(away, card)).json()["blocks"] == ["left"]
    with pytest.raises(WrongCredentials, match="do not fit"):
        await accounts.direct_token("readers", card, "274915")
    assert (await desk.ask(f"{path}/cards", {})).json()["code"] == "reader_has_left"
    assert (await desk.ask(f"{path}/rejoin")).json()["reader"]["state"] == "active"
    assert (await desk.ask("/cards/renew", {"card": card})).json()["state"] == "active"
    assert (await find(away, card)).json()["may_borrow"]


async def test_what_has_changed_is_written_down_and_the_rest_stays(desk: Desk) -> None:
    made = await register(desk)
    path = f"/v1/b/{desk.here.code}/readers/{made['reader']['id']}"
    told = {"reader_kind": "child", "contact": None}
    changed = (await desk.client.patch(path, json=told, headers=desk.headers)).json()["reader"]
    assert (changed["name"], changed["reader_kind"], changed["contact"]) == (
        ("王小明", "child", None)
    )


async def test_readers_are_found_by_part_of_a_name_and_by_card(desk: Desk) -> None:
    made = await register(desk, name="欧阳 100%_x")
    await register(desk, name="Anybody")
    for words in ("阳", "100%_X", made["cards"][0]["number"]):
        found = (await desk.ask("/readers/search", {"words": words})).json()["items"]
        assert [reader["id"] for reader in found] == [made["reader"]["id"]], words
    assert len((await desk.ask("/readers/search", {"words": "%"})).json()["items"]) == 1
    assert (await desk.ask("/readers/search", {"words": "nobody"})).json()["items"] == []


async def test_a_person_of_another_branch_is_no_reader_of_this_one(desk: Desk, away: Desk) -> None:
    made = await register(desk)
    path = f"/readers/{made['reader']['id']}"
    for move in ("block", "leave", "pin", "cards"):
        answer = await away.ask(f"{path}/{move}", None if move == "leave" else dict[str, Any]())
        assert (answer.status_code, answer.json()["code"]) == (404, "reader_unknown"), move
    absent = (await away.look(f"/readers/{uuid4()}"))["detail"]
    assert (await away.look(path))["detail"] == absent
    assert (await away.look("/readers"))["items"] == []
    found = await away.ask("/readers/search", {"words": made["cards"][0]["number"]})
    assert found.json()["items"] == []
    lost = await away.ask("/cards/lose", {"card": made["cards"][0]["number"]})
    assert (lost.status_code, lost.json()["code"]) == (404, "card_not_ours")


async def test_of_two_desks_that_give_one_barcode_away_one_is_refused(desk: Desk) -> None:
    wish = ADA | {"number": "B-1", "old": True}
    answers = await asyncio.gather(*(desk.ask("/readers", wish) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len((await desk.look("/readers"))["items"]) == 1


async def test_the_home_says_how_many_loans_are_left(
    desk: Desk, away: Desk, database: Database
) -> None:
    made = await register(desk)
    card = made["cards"][0]["number"]
    async with unit_of_work(database.app, away.here.id) as session:
        before = await cards.present(session, card)
    async with unit_of_work(database.app, desk.here.id) as session:
        counted = text("SELECT standing_counted(:person, 3)")
        await session.execute(counted, {"person": before.person_id})
    async with unit_of_work(database.app, away.here.id) as session:
        after = await cards.present(session, card)
    assert (before.loans_left, after.loans_left) == (10, 7)
    assert after.as_of > before.as_of
    await desk.ask(f"/readers/{made['reader']['id']}/block", {})
    async with unit_of_work(database.app, away.here.id) as session:
        assert (await cards.present(session, card)).loans_left == 7
    refused = await desk.ask(f"/readers/{made['reader']['id']}/leave")
    assert (refused.status_code, refused.json()["code"]) == (409, "reader_has_loans")


async def test_staff_act_in_the_branches_below_theirs_and_nowhere_else(
    desk: Desk, make_tenant: MakeTenant, mint: Mint
) -> None:
    city = await make_tenant(kind="city")
    county = Desk(desk.client, await make_tenant(city))
    for grant, status in (
        (f"desk@{city.code}*", 201),
        (f"desk@{city.code}", 403),
        (f"desk@{desk.here.code}*", 403),
    ):
        county.headers = mint.staff(grant)
        assert (await county.ask("/readers", ADA)).status_code == status, grant


async def test_only_the_desk_and_the_administrator_meet_readers(
    desk: Desk, tenant: Tenant, mint: Mint
) -> None:
    everybody_else: list[dict[str, str]] = [
        mint.staff(f"cataloguer@{tenant.code}"),
        mint.reader(UUID(int=1), tenant.code),
        {},
    ]
    for headers in everybody_else:
        desk.headers = headers
        assert (await desk.ask("/readers/find", {"card": "1"})).status_code in {401, 403}
