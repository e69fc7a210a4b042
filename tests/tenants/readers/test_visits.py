"""One card in every branch: the least is shown, until the reader consents."""

from typing import Any
from uuid import uuid4

import pytest
from lending import Desk, deliver
from mint import Mint
from registering import ADA, Visitor, find, register, set_apart
from sqlalchemy import select, text, update

from pinakes.platform.admin import WrongCredentials
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.login import Accounts
from pinakes.platform.messages import Outbox
from pinakes.tenants.readers.misses import MOST
from pinakes.tenants.readers.models import Standing

pytestmark = pytest.mark.anyio


async def test_a_visited_branch_sees_the_least_that_lending_needs(visitor: Visitor) -> None:
    seen = await visitor.seen()
    assert seen.pop("as_of")
    assert seen == {
        "card": {
            "number": visitor.card,
            "issuer": visitor.home.here.code,
            "state": "active",
            "old": False,
        },
        "home": visitor.home.here.code,
        "reader_kind": "adult",
        "may_borrow": True,
        "blocks": [],
        "name": None,
        "reader": None,
    }


async def test_a_visitor_may_become_a_member_and_stays_nameless(visitor: Visitor) -> None:
    made = (await visitor.away.ask("/readers/visit", {"card": visitor.card})).json()
    reader = made["reader"]
    told = (reader["kind"], reader["name"], reader["born"], reader["contact"])
    assert told == ("visiting", None, None, None)
    assert made["cards"] == []  # the home's cards are not the visited branch's to list
    found = await visitor.away.ask("/readers/search", {"words": ADA["name"]})
    assert found.json()["items"] == []


async def test_what_is_known_of_a_visitor_is_written_at_home_alone(visitor: Visitor) -> None:
    made = (await visitor.away.ask("/readers/visit", {"card": visitor.card})).json()
    path = f"/v1/b/{visitor.away.here.code}/readers/{made['reader']['id']}"
    answer = await visitor.away.client.patch(path, json={"name": "X"}, headers=visitor.away.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "reader_is_visiting")
    pin = await visitor.away.ask(f"/readers/{made['reader']['id']}/pin", {})
    assert pin.json()["code"] == "reader_is_visiting"


async def test_a_visited_branch_blocks_for_itself_alone(visitor: Visitor) -> None:
    made = (await visitor.away.ask("/readers/visit", {"card": visitor.card})).json()
    await visitor.away.ask(f"/readers/{made['reader']['id']}/block", {"reason": "damage"})
    assert not (await visitor.seen())["may_borrow"]
    assert (await find(visitor.home, visitor.card)).json()["may_borrow"]


async def test_a_home_that_is_closed_itself_stops_nobody_elsewhere(
    visitor: Visitor, database: Database
) -> None:
    async with unit_of_work(database.app, visitor.home.here.id) as session:
        await session.execute(update(Standing).values(may_borrow=False, blocks=["home_closed"]))
    seen = await visitor.seen()
    assert (seen["may_borrow"], seen["blocks"]) == (True, [])


async def test_a_person_may_have_cards_of_several_branches(
    visitor: Visitor, database: Database
) -> None:
    made = (await visitor.away.ask("/readers/visit", {"card": visitor.card})).json()
    added = await visitor.away.ask(f"/readers/{made['reader']['id']}/cards", {})
    (second,) = added.json()["cards"]
    await deliver(database)
    me = await visitor.ask("/v1/me")
    assert {card["number"] for card in me["cards"]} == {visitor.card, second["number"]}
    assert {card["issuer"] for card in me["cards"]} == {
        visitor.home.here.code,
        visitor.away.here.code,
    }
    assert me["memberships"] == [
        {"branch": visitor.home.here.code, "kind": "home"},
        {"branch": visitor.away.here.code, "kind": "visiting"},
    ]
    seen = (await find(visitor.home, second["number"])).json()
    assert seen["reader"]["id"] == visitor.id


async def test_who_leaves_home_is_forgotten_by_the_visited(
    visitor: Visitor, database: Database
) -> None:
    await visitor.say("contact")
    await deliver(database)
    await visitor.home.ask(f"/readers/{visitor.id}/leave")
    await deliver(database)
    reader = (await visitor.seen())["reader"]
    assert (reader["state"], reader["name"], reader["contact"]) == ("left", None, None)


async def test_a_choice_of_history_reaches_every_branch(
    visitor: Visitor, database: Database
) -> None:
    await visitor.say("name")
    await deliver(database)
    answer = await visitor.away.client.put(
        "/v1/me/settings", json={"keep_history": True}, headers=visitor.headers
    )
    assert answer.json()["reader"]["keep_history"] is True
    await deliver(database)
    assert (await visitor.seen())["reader"]["keep_history"] is True


async def test_no_message_between_branches_holds_a_name_or_a_number(
    visitor: Visitor, database: Database
) -> None:
    await visitor.say("contact")
    await visitor.unsay("contact")
    await visitor.home.ask(f"/readers/{visitor.id}/leave")
    for here in (visitor.home.here, visitor.away.here):
        async with unit_of_work(database.app, here.id) as session:
            bodies = [row.body for row in await session.scalars(select(Outbox))]
        for body in bodies:
            assert set(body) <= {"about", "keep"}


async def test_one_number_of_two_branches_is_asked_back(
    desk: Desk, away: Desk, make_tenant: Any, mint: Mint
) -> None:
    for issuer in (desk, away):
        await register(issuer, number="7001", old=True, name=issuer.here.code)
    third = Desk(desk.client, await make_tenant())
    third.headers = mint.staff(f"desk@{third.here.code}")
    answer = await find(third, "7001")
    assert (answer.status_code, answer.json()["code"]) == (409, "card_ambiguous")
    codes = [desk.here.code, away.here.code]
    assert answer.json()["issuers"] == codes
    for code in codes:
        assert (await find(third, "7001", card_of=code)).json()["card"]["issuer"] == code
    assert (await find(third, "7001", card_of=third.here.code)).json()["code"] == "card_unknown"
    assert (await find(desk, "7001")).json()["name"] == desk.here.code  # its own card wins


async def test_no_branch_takes_another_branchs_number_away_at_the_log_in(
    desk: Desk, away: Desk, accounts: Accounts
) -> None:
    number = f"K-{uuid4().hex[:12]}"
    made = await register(desk, number=number, old=True, pin="274915")
    visit = (await away.ask("/readers/visit", {"card": number})).json()
    path = f"/readers/{visit['reader']['id']}/cards"
    assert (await away.ask(path, {"number": number, "old": True})).status_code == 201
    assert (await away.ask("/cards/replace", {"card": number})).status_code == 201
    with pytest.raises(WrongCredentials, match="changed"):  # the PIN fits; it is a first one
        await accounts.direct_token("readers", number, "274915")
    assert (await desk.ask("/cards/replace", {"card": number})).status_code == 201
    assert made["cards"][0]["number"] == number
    with pytest.raises(WrongCredentials, match="do not fit"):  # nobody has it any more
        await accounts.direct_token("readers", number, "274915")


async def test_the_issuer_that_is_named_is_found_among_many(
    desk: Desk, make_tenant: Any, mint: Mint
) -> None:
    issuers = [Desk(desk.client, await make_tenant()) for _ in range(7)]
    for issuer in issuers:
        issuer.headers = mint.staff(f"administrator@{issuer.here.code}")
        await register(issuer, number="7002", old=True, name=issuer.here.code)
    assert len((await find(desk, "7002")).json()["issuers"]) == 5
    last = issuers[-1].here.code
    assert (await find(desk, "7002", card_of=last)).json()["card"]["issuer"] == last


async def test_guessing_at_numbers_comes_to_an_end(visitor: Visitor, mint: Mint) -> None:
    for guess in range(MOST):
        assert (await find(visitor.away, f"guess-{guess}")).status_code == 404
    stopped = await find(visitor.away, visitor.card)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_misses")
    assert 0 < int(stopped.headers["retry-after"]) <= 60
    assert (await find(visitor.home, visitor.card)).status_code == 200  # one subject, one branch
    visitor.away.headers = mint.staff(f"desk@{visitor.away.here.code}")
    assert (await find(visitor.away, visitor.card)).status_code == 200


async def test_no_branch_can_list_the_cards_or_standings_of_others(
    visitor: Visitor, database: Database
) -> None:
    async with unit_of_work(database.app, visitor.away.here.id) as session:
        for table in ("reader", "card", "standing", "consent"):
            seen = await session.execute(text(f"SELECT count(*) FROM {table}"))
            assert seen.scalar_one() == 0, table
        for guess in ("%", "_" * 15, f"{visitor.card[:-1]}%", "", "' OR true --"):
            look = text("SELECT * FROM card_lookup(:number)")
            assert (await session.execute(look, {"number": guess})).all() == []


async def test_another_consortium_does_not_know_the_card(
    visitor: Visitor, database: Database
) -> None:
    await set_apart(database, visitor.away.here)
    assert (await find(visitor.away, visitor.card)).json()["code"] == "card_unknown"


async def test_the_graph_tells_a_reader_what_this_branch_knows(visitor: Visitor) -> None:
    async def me(desk: Desk, headers: dict[str, str]) -> Any:
        question = {"query": "{ me { name kind home cards { number issuer } } }"}
        address = f"/v1/b/{desk.here.code}/graphql"
        answer = await desk.client.post(address, json=question, headers=headers)
        return answer.json()["data"]["me"]

    home = visitor.home.here.code
    assert await me(visitor.home, visitor.headers) == {
        "name": ADA["name"],
        "kind": "home",
        "home": home,
        "cards": [{"number": visitor.card, "issuer": home}],
    }
    elsewhere: dict[str, Any] = {"name": None, "kind": None, "home": home, "cards": []}
    assert await me(visitor.away, visitor.headers) == elsewhere
    assert await me(visitor.away, visitor.away.headers) is None
