"""One card in every branch: the least is shown, until the reader consents."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lending import Desk, deliver
from litestar import Litestar
from mint import Mint
from registering import find, register
from sqlalchemy import select, text, update

from pinakes.platform.admin import WrongCredentials
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.login import Accounts
from pinakes.platform.messages import Outbox
from pinakes.tenants.readers.misses import MISSES, MOST
from pinakes.tenants.readers.models import Consent, Standing

pytestmark = pytest.mark.anyio

NAME = "王小明"
FOUND = text("""
    WITH founded AS (
        INSERT INTO commons.consortium (id, code, name_zh, name_en)
        SELECT number, 'alone-' || number, '独', 'Alone'
        FROM nextval('commons.consortium_number') AS number RETURNING id
    )
    UPDATE commons.tenant SET consortium_id = founded.id,
        version = nextval('commons.tenant_version')
    FROM founded WHERE commons.tenant.id = :branch
""")


class Visitor:
    """A reader who goes to another branch, and asks for what is his or hers."""

    def __init__(
        self, mint: Mint, home: Desk, away: Desk, made: dict[str, Any], person: UUID
    ) -> None:
        self.card: str = made["cards"][0]["number"]
        self.id: str = made["reader"]["id"]
        self.person = person
        self.home, self.away = home, away
        self.headers = mint.reader(person, home.here.code)

    async def say(self, purpose: str, version: int = 1) -> httpx.Response:
        return await self.away.client.put(
            f"/v1/b/{self.away.here.code}/consents/{purpose}",
            json={"version": version, "language": "en"},
            headers=self.headers,
        )

    async def unsay(self, purpose: str) -> httpx.Response:
        return await self.away.client.delete(
            f"/v1/b/{self.away.here.code}/consents/{purpose}", headers=self.headers
        )

    async def ask(self, path: str) -> Any:
        return (await self.away.client.get(path, headers=self.headers)).json()

    async def seen(self) -> dict[str, Any]:
        """What the visited desk sees of the card."""
        told: dict[str, Any] = (await find(self.away, self.card)).json()
        return told


@pytest.fixture(autouse=True)
def nobody_has_missed() -> Iterator[None]:
    yield
    MISSES.seen.clear()


@pytest.fixture
async def visitor(database: Database, mint: Mint, desk: Desk, away: Desk) -> Visitor:
    made = await register(desk)
    async with unit_of_work(database.app, desk.here.id) as session:
        number = made["cards"][0]["number"]
        look = text("SELECT person_id FROM card_lookup(:number)")
        person = (await session.execute(look, {"number": number})).scalar_one()
    return Visitor(mint, desk, away, made, person)


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
    found = await visitor.away.ask("/readers/search", {"words": NAME})
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


async def test_consent_shows_a_masked_name_and_withdrawal_hides_it_at_once(
    visitor: Visitor,
) -> None:
    assert (await visitor.say("name")).status_code == 200
    assert (await visitor.seen())["name"] == "王**"
    assert (await visitor.seen())["reader"]["contact"] is None
    assert (await visitor.unsay("name")).status_code == 200
    assert (await visitor.seen())["name"] is None


async def test_who_consents_twice_at_once_consents(visitor: Visitor) -> None:
    await visitor.away.ask("/readers/visit", {"card": visitor.card})
    answers = await asyncio.gather(*(visitor.say("name") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers[0].json()) == 1


async def test_each_purpose_shows_what_it_needs_and_no_more(visitor: Visitor) -> None:
    await visitor.say("name")
    await visitor.say("contact")
    reader = (await visitor.seen())["reader"]
    assert (reader["name"], reader["contact"], reader["born"]) == (NAME, "ada@example.org", None)
    await visitor.unsay("contact")
    reader = (await visitor.seen())["reader"]
    assert (reader["name"], reader["contact"]) == ("王**", None)


async def test_a_consent_is_kept_as_evidence(visitor: Visitor, database: Database) -> None:
    for _ in range(2):
        await visitor.say("name")  # twice is as good as once
    await visitor.unsay("name")
    await visitor.say("name")
    async with unit_of_work(database.app, visitor.away.here.id) as session:
        rows = (await session.scalars(select(Consent).order_by(Consent.id))).all()
    assert [row.withdrawn_at is None for row in rows] == [False, True]
    assert {(row.purpose, row.version, row.language, len(row.digest)) for row in rows} == {
        ("name", 1, "en", 64)
    }
    assert all(row.request and row.given_by for row in rows)
    own = await visitor.ask("/v1/me")
    assert [one["withdrawn_at"] is None for one in own["consents"]] == [False, True]


async def test_consent_is_off_until_asked_for_by_its_present_text(visitor: Visitor) -> None:
    here = await visitor.ask(f"/v1/b/{visitor.away.here.code}/consents")
    assert here["consents"] == []
    assert {text["purpose"] for text in here["texts"]} == {"name", "contact"}
    assert all(text["zh"] and text["en"] for text in here["texts"])
    outdated = await visitor.say("name", version=0)
    assert (outdated.status_code, outdated.json()["code"]) == (409, "consent_text_outdated")
    unknown = await visitor.say("profiling")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "purpose_unknown")


async def test_nobody_consents_for_somebody_else(visitor: Visitor, mint: Mint) -> None:
    await visitor.say("name")
    stranger = Visitor.__new__(Visitor)
    stranger.__dict__ = visitor.__dict__ | {
        "headers": mint.reader(UUID(int=7), visitor.home.here.code)
    }
    assert (await stranger.say("name")).json()["code"] == "reader_unknown"
    assert (await stranger.unsay("name")).json() == []
    assert (await visitor.seen())["name"] == "王**"
    assert (await stranger.ask("/v1/me"))["code"] == "reader_unknown"


async def test_nobody_consents_in_another_consortium(
    visitor: Visitor, database: Database, app: Litestar
) -> None:
    async with public_work(database.public) as session:
        await session.execute(FOUND, {"branch": visitor.away.here.id})
    await app.state.directory.refresh(database.app)
    answer = await visitor.say("name")
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_consortium")
    async with unit_of_work(database.app, visitor.away.here.id) as session:
        assert (await session.scalars(select(Consent))).all() == []


async def test_a_home_asks_for_no_consent_of_its_own_reader(visitor: Visitor) -> None:
    visitor.away, elsewhere = visitor.home, visitor.away
    assert (await visitor.say("name")).json()["code"] == "reader_is_at_home"
    visitor.away = elsewhere


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
    alone = """
        INSERT INTO commons.consortium (id, code, name_zh, name_en)
        VALUES (nextval('commons.consortium_number'), gen_random_uuid()::text, 'x', 'x')
        RETURNING id
    """
    async with public_work(database.public) as session:
        other = (await session.execute(text(alone))).scalar_one()
        await session.execute(
            text("UPDATE commons.tenant SET consortium_id = :other WHERE id = :id"),
            {"other": other, "id": visitor.away.here.id},
        )
    assert (await find(visitor.away, visitor.card)).json()["code"] == "card_unknown"


async def test_the_graph_tells_a_reader_what_this_branch_knows(visitor: Visitor) -> None:
    async def me(desk: Desk, headers: dict[str, str]) -> Any:
        question = {"query": "{ me { name kind home cards { number issuer } } }"}
        address = f"/v1/b/{desk.here.code}/graphql"
        answer = await desk.client.post(address, json=question, headers=headers)
        return answer.json()["data"]["me"]

    home = visitor.home.here.code
    assert await me(visitor.home, visitor.headers) == {
        "name": NAME,
        "kind": "home",
        "home": home,
        "cards": [{"number": visitor.card, "issuer": home}],
    }
    elsewhere: dict[str, Any] = {"name": None, "kind": None, "home": home, "cards": []}
    assert await me(visitor.away, visitor.headers) == elsewhere
    assert await me(visitor.away, visitor.away.headers) is None
