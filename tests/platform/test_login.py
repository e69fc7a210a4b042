"""The door to people's accounts, at the real issuer."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from issuing import SECRET, Issuer, card, running

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.admin import NoSuchAccount, SecretRefused, WrongCredentials
from pinakes.platform.config import Settings
from pinakes.platform.identity import Role, roles_at
from pinakes.platform.login import Accounts, NewReader
from pinakes.platform.tokens import Claims, IssuerUnavailable, TokenRefused, Verifier

pytestmark = pytest.mark.anyio

PIN, OTHER = "482915", "593026"
PHRASE = "a long enough phrase"


@pytest.fixture
async def accounts(issuer: Issuer) -> AsyncIterator[Accounts]:
    async with Accounts(issuer.address, SECRET) as accounts:
        yield accounts


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(issuer.address)


@pytest.fixture
async def branch(accounts: Accounts) -> str:
    """The code of a branch with an organization."""
    code = card().lower()
    await accounts.ensure_organization(code, "希望图书馆")
    return code


async def claims(accounts: Accounts, verifier: Verifier, *who: str) -> Claims:
    """What a token says that realm, name and secret get."""
    realm, name, secret = who
    return await verifier.verify((await accounts.direct_token(realm, name, secret))["access_token"])


async def test_a_member_of_staff_has_the_grants_of_today(
    accounts: Accounts, verifier: Verifier, branch: str
) -> None:
    name = f"ada-{branch}"
    subject = await accounts.ensure_staff(name, branch, [f"desk@{branch}"], PHRASE)
    told = await claims(accounts, verifier, "staff", name, PHRASE)
    assert (told.subject, told.realm, told.name) == (subject, "staff", name)
    assert roles_at(told.grants, ["hub", branch]) == {Role.DESK}
    await accounts.set_grants(subject, [f"cataloguer@{branch}*"])
    told = await claims(accounts, verifier, "staff", name, PHRASE)
    assert roles_at(told.grants, [branch, "below"]) == {Role.CATALOGUER}


async def test_everything_may_be_said_twice(accounts: Accounts, branch: str) -> None:
    first = await accounts.ensure_organization(branch, "希望图书馆")
    assert await accounts.ensure_organization(branch, "Another name") == first
    staff = [await accounts.ensure_staff(f"b-{branch}", branch, [], None) for _ in range(2)]
    person, number = uuid4(), card()
    readers = [await accounts.ensure_reader(number, person, branch, PIN) for _ in range(2)]
    assert len(set(staff)) == len(set(readers)) == 1
    for _ in range(2):
        await accounts.add_card(readers[0], f"{number}-old")
        await accounts.disable("readers", readers[0])


async def test_another_process_finds_the_organization_that_one_made(
    issuer: Issuer, branch: str
) -> None:
    async with Accounts(issuer.address, SECRET) as other:
        assert await other.ensure_staff(f"c-{branch}", branch, [], None)
        with pytest.raises(NoSuchAccount):
            await other.ensure_staff(f"d-{branch}", "no-such-branch", [], None)


async def test_a_reader_logs_in_with_any_of_her_cards(
    accounts: Accounts, verifier: Verifier
) -> None:
    person, number, second = uuid4(), card(), card()
    subject = await accounts.ensure_reader(number, person, "vik", PIN, temporary=False)
    await accounts.add_card(subject, second)
    for name in (number, number.lower(), second, f"{second}@vik"):
        told = await claims(accounts, verifier, "readers", name, PIN)
        assert (told.person, told.home, told.grants) == (person, "vik", ())
    await accounts.remove_card(subject, number)
    with pytest.raises(WrongCredentials):
        await accounts.direct_token("readers", number, PIN)
    assert (await claims(accounts, verifier, "readers", second, PIN)).person == person
    newcomer = uuid4()
    await accounts.ensure_reader(number, newcomer, "vik", OTHER, temporary=False)
    assert (await claims(accounts, verifier, "readers", number, OTHER)).person == newcomer


async def test_a_new_pin_ends_sessions_and_forgives_failures(
    accounts: Accounts, issuer: Issuer
) -> None:
    number = card()
    subject = await accounts.ensure_reader(number, uuid4(), "vik", PIN, temporary=False)
    old = await accounts.direct_token("readers", number, PIN)
    for _ in range(6):
        with pytest.raises(WrongCredentials):
            await accounts.direct_token("readers", number, "000000")
    await accounts.set_pin(subject, OTHER, temporary=False)
    assert await accounts.direct_token("readers", number, OTHER)
    told = {"grant_type": "refresh_token", "client_id": "pinakes-cli"}
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            issuer.url("readers", "token"), data=told | {"refresh_token": old["refresh_token"]}
        )
    assert answer.json()["error_description"] == "Session not active"


async def test_a_first_pin_gets_no_token_without_a_page(accounts: Accounts) -> None:
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", "111111")
    with pytest.raises(WrongCredentials, match="has to be changed"):
        await accounts.direct_token("readers", number, "111111")


async def test_secrets_that_the_issuer_does_not_take(accounts: Accounts, branch: str) -> None:
    with pytest.raises(SecretRefused):
        await accounts.ensure_reader(card(), uuid4(), "vik", "12345")
    with pytest.raises(SecretRefused):
        await accounts.ensure_staff(f"e-{branch}", branch, [], "too short")
    with pytest.raises(NoSuchAccount):
        await accounts.set_pin(str(uuid4()), PIN, temporary=False)


async def test_readers_come_in_bulk_with_sealed_pins(
    accounts: Accounts, verifier: Verifier
) -> None:
    shared = card()
    people = [NewReader(uuid4(), card(), "vik", "111111") for _ in range(30)]
    people += [NewReader(uuid4(), shared, home, PIN) for home in ("vik", "hope")]
    subjects = await accounts.import_readers(people)
    assert set(subjects) == {one.person for one in people}
    assert await accounts.import_readers(people) == subjects
    with pytest.raises(WrongCredentials, match="has to be changed"):
        await accounts.direct_token("readers", people[0].card, "111111")
    with pytest.raises(WrongCredentials, match="do not fit"):
        await accounts.direct_token("readers", shared, PIN)
    await accounts.set_pin(subjects[people[-1].person], OTHER, temporary=False)
    told = await claims(accounts, verifier, "readers", f"{shared}@hope", OTHER)
    assert told.person == people[-1].person


async def test_odd_card_numbers_are_no_user_names(accounts: Accounts, verifier: Verifier) -> None:
    for number in ("7", f"$A{card()}/ 1", f"编号{card()}"):
        person = uuid4()
        await accounts.ensure_reader(number, person, card(), PIN, temporary=False)
        assert (await claims(accounts, verifier, "readers", number, PIN)).person == person


async def test_many_callers_share_one_token(accounts: Accounts) -> None:
    codes = [card().lower() for _ in range(20)]
    ids = await asyncio.gather(*(accounts.ensure_organization(code, "x") for code in codes))
    assert len(set(ids)) == 20


async def test_a_branch_moves_in_with_three_calls(accounts: Accounts, branch: str) -> None:
    calls: list[str] = []

    async def note(request: httpx.Request) -> None:
        calls.append(request.method)

    api = await accounts.realms["staff"].fresh()
    api.connection.async_s.event_hooks["request"].append(note)
    code = card().lower()
    await accounts.ensure_organization(code, branch)
    await accounts.ensure_staff(f"f-{code}", code, [], PHRASE)
    assert calls == ["POST"] * 3


async def test_tokens_count_on_while_the_issuer_is_away(
    postgres: Postgres, settings: Settings
) -> None:
    assert settings
    number = card()
    with running(postgres) as passing:
        async with passing.accounts() as accounts:
            await accounts.ensure_reader(number, uuid4(), "vik", PIN, temporary=False)
            tokens = [await accounts.direct_token("readers", number, PIN) for _ in range(2)]
        verifier = Verifier(passing.address)
        await verifier.verify(tokens[0]["access_token"])
    assert (await verifier.verify(tokens[1]["access_token"])).home == "vik"
    with pytest.raises(IssuerUnavailable):
        await Verifier(passing.address).verify(tokens[1]["access_token"])


async def test_an_id_token_is_no_access_token(accounts: Accounts, verifier: Verifier) -> None:
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", PIN, temporary=False)
    tokens = await accounts.direct_token("readers", number, PIN)
    for name in ("id_token", "refresh_token"):
        with pytest.raises(TokenRefused):
            await verifier.verify(tokens[name])


async def test_the_token_of_one_realm_is_none_of_the_other(
    accounts: Accounts, verifier: Verifier
) -> None:
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", PIN, temporary=False)
    token = (await accounts.direct_token("readers", number, PIN))["access_token"]
    readers, staff = verifier.keys
    crossed = Verifier(verifier.issuer)
    crossed.keys[readers] = verifier.keys[staff]
    with pytest.raises(TokenRefused):
        await crossed.verify(token)


async def test_a_known_token_costs_microseconds(accounts: Accounts, verifier: Verifier) -> None:
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", PIN, temporary=False)
    token = (await accounts.direct_token("readers", number, PIN))["access_token"]
    await verifier.verify(token)
    begun = time.process_time()
    for _ in range(10_000):
        await verifier.verify(token)
    assert (time.process_time() - begun) / 10_000 < 50e-6


async def test_an_issuer_that_is_away() -> None:
    gone = "http://127.0.0.1:9"
    async with Accounts(gone, SECRET) as accounts:
        with pytest.raises(IssuerUnavailable):
            await accounts.ensure_organization("vik", "Vik")
        with pytest.raises(IssuerUnavailable):
            await accounts.direct_token("readers", "x", "y")
