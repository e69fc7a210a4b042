"""What a visited branch may know of a reader: nothing, until the reader consents."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from litestar import Litestar
from mint import Mint
from registering import ADA, Visitor, set_apart
from sqlalchemy import select

from pinakes.platform.db import Database, unit_of_work
from pinakes.tenants.readers.models import Consent

pytestmark = pytest.mark.anyio


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
    assert (reader["name"], reader["contact"], reader["born"]) == (
        ADA["name"],
        "ada@example.org",
        None,
    )
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
    stranger = replace(visitor, headers=mint.reader(UUID(int=7), visitor.home.here.code))
    assert (await stranger.say("name")).json()["code"] == "reader_unknown"
    assert (await stranger.unsay("name")).json() == []
    assert (await visitor.seen())["name"] == "王**"
    assert (await stranger.ask("/v1/me"))["code"] == "reader_unknown"


async def test_nobody_consents_in_another_consortium(
    visitor: Visitor, database: Database, app: Litestar
) -> None:
    await set_apart(database, visitor.away.here)
    await app.state.directory.refresh(database.app)
    answer = await visitor.say("name")
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_consortium")
    async with unit_of_work(database.app, visitor.away.here.id) as session:
        assert (await session.scalars(select(Consent))).all() == []


async def test_a_home_asks_for_no_consent_of_its_own_reader(visitor: Visitor) -> None:
    at_home = replace(visitor, away=visitor.home)
    assert (await at_home.say("name")).json()["code"] == "reader_is_at_home"
