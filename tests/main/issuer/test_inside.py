"""What no client sees: guesses that are counted, secrets that are weighed, keys that change."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from issuing import HOME, SECRET, card

from pinakes.main.embedded.issuer import pins
from pinakes.main.embedded.issuer.accounts import LET_OFF, Account
from pinakes.main.embedded.issuer.addresses import EACH, ROOM, TooManyGuesses, block
from pinakes.main.embedded.issuer.door import Origin, WhichLibrary
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.keys import ACCESS
from pinakes.main.embedded.issuer.sessions import mark
from pinakes.main.embedded.issuer.settings import Settings as IssuerSettings
from pinakes.main.embedded.issuer.words import WORDS, chosen
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform import users
from pinakes.platform.clock import now

pytestmark = pytest.mark.anyio
PIN = "482915"


@pytest.fixture
def told(postgres: Postgres, settings: object) -> IssuerSettings:
    assert settings  # they have migrated the database
    database = postgres.address("pinakes_issuer")
    return IssuerSettings("http://issuer.test", database, SECRET, (HOME,))


@pytest.fixture
async def house(told: IssuerSettings) -> AsyncIterator[House]:
    async with House.open(told) as house:
        yield house


@pytest.fixture
async def reader(house: House) -> Account:
    return await enrol(house, card(), "vik", PIN)


async def enrol(house: House, number: str, home: str, pin: str) -> Account:
    """A reader with a card of this number."""
    told = {"card_number": [number], "home": [home], "person": [str(uuid4())]}
    name = f"{number}@{home}".lower()
    account = Account(uuid4(), "readers", name, True, None, None, None, told, [], pins.seal(pin))
    await house.accounts.add(account)
    return await again(house, account)


async def again(house: House, account: Account) -> Account:
    """The same account as it is now."""
    found = await house.accounts.find(account.realm, account.id)
    assert found
    return found


async def test_guesses_side_by_side_are_all_counted(house: House, reader: Account) -> None:
    knocks = (house.door.knock("readers", reader.username, "000000") for _ in range(20))
    assert set(await asyncio.gather(*knocks)) == {None}
    locked = await again(house, reader)
    assert locked.failures == 5
    assert await house.door.knock("readers", reader.username, PIN) is None


async def test_each_further_failure_locks_twice_as_long(house: House, reader: Account) -> None:
    waits: list[timedelta] = []
    for _ in range(10):
        assert await house.accounts.may_guess(reader.id)
        locked = (await again(house, reader)).locked_until
        if locked:
            waits.append(locked - now())
            assert not await house.accounts.may_guess(reader.id)
        await house.store.execute("UPDATE account SET locked_until = NULL WHERE id = $1", reader.id)
    assert [round(wait.total_seconds()) for wait in waits] == [60, 120, 240, 480, 900, 900]


async def test_wrong_guesses_from_one_address_are_counted_and_soon_forgotten(
    house: House, reader: Account
) -> None:
    here = Origin(address="192.0.2.9")

    async def guess(secret: str, at: Origin = here) -> Account | None:
        return await house.door.knock("readers", reader.username, secret, origin=at)

    async def counted() -> float | None:
        query = "SELECT guesses FROM address WHERE mark = $1"
        found: float | None = await house.store.fetchval(query, mark("192.0.2.9"))
        return found

    async def tried(guesses: int, seconds: int) -> None:
        """As if so many had been made so long ago."""
        change = "UPDATE address SET guesses = $2, guessed_at = $3 WHERE mark = $1"
        then = now() - timedelta(seconds=seconds)
        await house.store.execute(change, mark("192.0.2.9"), guesses, then)

    assert await guess("000000") is None
    assert await counted() == 1
    for _ in range(3):
        assert await guess(PIN)
    assert (await counted() or 0) <= 1  # what was right is not counted
    await tried(ROOM, -3600)
    with pytest.raises(TooManyGuesses):
        await guess(PIN)
    assert await guess(PIN, Origin(address="192.0.2.10"))
    await house.browsers.remember("of hers", reader.id)
    assert await guess(PIN, Origin("of hers", "192.0.2.9"))
    await tried(ROOM, EACH + 1)
    assert await guess(PIN)
    await tried(0, 7200)
    await house.addresses.sweep()
    assert await counted() is None


def test_neighbours_in_one_house_go_by_one_address() -> None:
    assert block("2001:db8:1:2:aaaa::1") == block("2001:db8:1:2:bbbb::2")
    assert block("2001:db8:1:2::1") != block("2001:db8:1:3::1")
    assert block("::ffff:192.0.2.9") == block("192.0.2.9") == "192.0.2.9"
    assert block("no address") == "no address"


async def test_the_right_pin_wipes_the_slate(house: House, reader: Account) -> None:
    for _ in range(4):
        await house.door.knock("readers", reader.username, "000000")
    assert await house.door.knock("readers", reader.username, PIN)
    assert (await again(house, reader)).failures == 0


async def test_the_secret_tells_who_of_one_number_knocks(house: House) -> None:
    number = card()
    one = await enrol(house, number, "vik", PIN)
    other = await enrol(house, number, "hope", "593026")
    for pin, carrier in ((PIN, one), ("593026", other)):
        found = await house.door.knock("readers", number, pin)
        assert found
        assert found.id == carrier.id
    third = await enrol(house, number, "vale", PIN)
    with pytest.raises(WhichLibrary) as asked:
        await house.door.knock("readers", number, PIN)
    assert asked.value.homes == ["vale", "vik"]  # hope's secret is another one
    found = await house.door.knock("readers", number, PIN, "vale")
    assert found
    assert found.id == third.id


async def test_a_wrong_secret_is_not_asked_back_about_and_counts_against_all(house: House) -> None:
    number = card()
    people = [await enrol(house, number, home, PIN) for home in ("vik", "hope")]
    for _ in range(5):
        assert await house.door.knock("readers", number, "000000") is None
    assert [(await again(house, one)).failures for one in people] == [5, 5]
    assert await house.door.knock("readers", number, PIN) is None  # locked, both of them


async def test_who_logs_in_neither_locks_nor_unlocks_others_of_the_number(house: House) -> None:
    number = card()
    await enrol(house, number, "vik", PIN)
    other = await enrol(house, number, "hope", "593026")
    for _ in range(3):
        await house.door.knock("readers", number, "000000", "hope")
    for _ in range(6):
        assert await house.door.knock("readers", number, PIN)
    assert (await again(house, other)).failures == 3
    for _ in range(2):
        await house.door.knock("readers", number, "000000", "hope")
    assert await house.door.knock("readers", number, PIN)
    assert (await again(house, other)).locked_until


async def test_nobody_learns_a_secret_by_sharing_a_number(house: House) -> None:
    number = card()
    await enrol(house, number, "hope", PIN)
    other = await enrol(house, number, "vik", "593026")
    for _ in range(LET_OFF):  # a guess at the other's secret, and one's own takes it back
        assert await house.door.knock("readers", number, PIN)
    assert await house.door.knock("readers", number, "593026") is None
    assert (await again(house, other)).failures == 0
    for _ in range(5):
        assert await house.door.knock("readers", f"{number}@vik", PIN) is None
    assert (await again(house, other)).locked_until
    await house.accounts.store.execute("UPDATE account SET locked_until = NULL")
    assert await house.door.knock("readers", f"{number}@vik", "593026")
    assert await house.door.knock("readers", number, "593026")  # meant again


async def test_what_looks_like_a_number_of_a_library_is_one(house: House) -> None:
    number = card()
    carrier = await enrol(house, number, "vik", PIN)
    await enrol(house, f"{number}@vik", "hope", "593026")  # as no branch of ours would name a card
    found = await house.door.knock("readers", f"{number}@vik", PIN)
    assert found
    assert found.id == carrier.id


async def test_a_home_that_two_of_one_number_share_lets_no_guess_off_for_ever(
    house: House,
) -> None:
    number = card()
    other = await enrol(house, number, "vik", "593026")
    twin = replace(other, id=uuid4(), username=card().lower(), sealed=pins.seal(PIN))
    await house.accounts.add(twin)
    for _ in range(LET_OFF + 5):
        assert await house.door.knock("readers", f"{number}@vik", PIN)
    assert (await again(house, other)).locked_until


def test_a_stranger_costs_as_much_as_a_reader() -> None:
    sealed = pins.seal(PIN)

    def cost(kept: str | None) -> float:
        begun = time.process_time()
        for _ in range(10):
            assert not pins.fits(kept, "000000")
        return time.process_time() - begun

    first = users.sealed(PIN)  # as an import seals it
    lighter = pins.of_keycloak(first["secretData"], first["credentialData"])
    assert 0.7 < cost(None) / cost(sealed) < 1.4
    assert 0.7 < cost(None) / cost(lighter) < 1.4
    assert pins.fits(lighter, PIN)


def test_nothing_opens_what_has_no_secret() -> None:
    assert not pins.fits(None, "nobody has this password")
    assert not pins.fits("no seal of ours", PIN)


@pytest.mark.parametrize(
    ("secret", "flaw"),
    [
        (PIN, None),
        ("12345", "pin_digits"),
        ("１２３４５６", "pin_digits"),
        ("111111", "pin_trivial"),
        ("345678", "pin_trivial"),
        ("890123", "pin_trivial"),
        ("987654", "pin_trivial"),
        ("252525", "pin_trivial"),
        ("367367", "pin_trivial"),
        ("147258", "pin_trivial"),
        ("772204", "pin_trivial"),
    ],
)
def test_pins_that_a_stranger_would_try_first(secret: str, flaw: str | None) -> None:
    assert pins.weak("readers", secret, ["R000772204"]) == flaw


@pytest.mark.parametrize(
    ("secret", "flaw"),
    [
        ("a long enough phrase", None),
        ("too short", "password_length"),
        ("x" * 300, "password_length"),
        ("aaaabbbbaaaa", "password_trivial"),
        ("Ada-Lovelace-1", "password_trivial"),
    ],
)
def test_passwords_of_staff(secret: str, flaw: str | None) -> None:
    assert pins.weak("staff", secret, ["ada-lovelace"]) == flaw


async def test_keys_change_without_an_end_to_tokens(house: House) -> None:
    token = house.keys.sign("readers", ACCESS, {"sub": "ada"})
    published = {key["kid"] for key in house.keys.published("readers")}
    await house.keys.replace()
    assert house.keys.read_token("readers", ACCESS, token) == {"sub": "ada"}
    fresh = house.keys.published("readers")
    assert published < {key["kid"] for key in fresh}
    assert fresh[0]["kid"] not in published
    assert not {"d", "p", "q"} & set(fresh[0])
    assert house.keys.read_token("staff", ACCESS, token) is None


async def test_keys_change_by_command(told: IssuerSettings, house: House) -> None:
    environment = {
        "PINAKES_ISSUER": told.address,
        "PINAKES_ISSUER_DATABASE": told.database,
        "PINAKES_ISSUER_SECRET": told.secret,
        "PINAKES_ISSUER_PORT": "0",
        "PINAKES_ADDRESS": HOME,
    }
    command = [sys.executable, "-m", "pinakes.main.embedded.issuer", "rotate"]
    before = {key["kid"] for key in house.keys.published("readers")}
    done = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    assert await done.wait() == 0
    await house.keys.read()
    assert before < {key["kid"] for key in house.keys.published("readers")}


async def test_what_is_over_is_swept(house: House, reader: Account) -> None:
    attempt = await house.attempts.begin("readers", {}, "zh", "a browser")
    await house.store.execute("UPDATE attempt SET created_at = now() - interval '2 hours'")
    await house.sessions.sweep()
    assert await house.attempts.find("readers", attempt.code, "a browser") is None
    assert not await house.attempts.finish(attempt)
    session = await house.sessions.open(reader, "pinakes-web", "openid")
    await house.store.execute(
        "UPDATE session SET seen_at = now() - interval '31 minutes' WHERE id = $1", session.id
    )
    assert await house.sessions.find("readers", session.id) is None


@pytest.mark.parametrize(
    ("wish", "header", "language"),
    [
        ("en", "zh-CN", "en"),
        ("fr zh-TW", "en", "zh"),
        (None, "fr, en;q=0.9, zh;q=0.8", "en"),
        (None, "en;q=0.1, zh-CN", "zh"),
        (None, "", "zh"),
        (None, "en;q=x, *", "en"),
    ],
)
def test_the_language_is_the_one_most_wished(wish: str | None, header: str, language: str) -> None:
    assert chosen(wish, header) == language


def test_every_word_is_there_in_both_languages() -> None:
    assert all(chinese and english for chinese, english in WORDS.values())
