"""The log-in pages, as a browser without scripts meets them."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from issuing import BACK, HOME, Browser, Issuer, card, error

from pinakes.main.embedded.issuer.addresses import ROOM
from pinakes.main.embedded.issuer.sessions import mark
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.login import Accounts

pytestmark = pytest.mark.anyio
PIN, OTHER = "482915", "593026"


@pytest.fixture
async def accounts(issuer: Issuer) -> AsyncIterator[Accounts]:
    async with issuer.accounts() as accounts:
        yield accounts


@pytest.fixture
async def reader(accounts: Accounts) -> str:
    """The card of a reader with a PIN of her own."""
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", PIN, temporary=False)
    return number


async def test_a_reader_logs_in_with_card_and_pin(issuer: Issuer, reader: str) -> None:
    with Browser(issuer) as browser:
        browser.log_in(reader, PIN)
        tokens = browser.trade(browser.code()).json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 300
    assert tokens["id_token"]


def test_the_page_speaks_the_browsers_language_and_offers_the_other(issuer: Issuer) -> None:
    with Browser(issuer, **{"accept-language": "en-GB,zh;q=0.5"}) as browser:
        page = browser.open().text
        assert '<html lang="en">' in page
        assert "Card number" in page
        switch = re.search(r'class="switch"><a href="([^"]+)"', page)
        assert switch
        browser.page = browser.client.get(switch[1].replace("&amp;", "&"))
        assert '<html lang="zh-Hans">' in browser.page.text
        assert "读者证号" in browser.type(username="x", password="y").text
    with Browser(issuer, **{"accept-language": "en"}) as browser:
        assert "读者证号" in browser.open(ui_locales="zh-CN").text


async def test_the_page_names_the_library_and_leads_back_to_it(
    issuer: Issuer, accounts: Accounts
) -> None:
    await accounts.ensure_organization("hope", "希望图书馆", "Hope Library")
    with Browser(issuer, **{"accept-language": "zh"}) as browser:
        assert '<p class="library">希望图书馆</p>' in browser.open(library="hope").text
    with Browser(issuer, **{"accept-language": "en"}) as browser:
        page = browser.open(library="hope").text
        assert '<p class="library">Hope Library</p>' in page
        assert f'<a href="{HOME}/b/hope/">Back to' in page
        assert "Hope Library" in browser.type(username="x", password="y").text
        for unknown in ("nobody", "<script>", "../evil"):
            page = browser.open(library=unknown).text
            assert unknown not in page
            assert f'<a href="{HOME}/">Back to' in page
        assert f'<a href="{HOME}/">Back to' in browser.open(client_id="nobody").text


def test_the_page_carries_no_script_and_labels_every_field(issuer: Issuer) -> None:
    with Browser(issuer) as browser:
        answer = browser.open()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"form-action 'self' {BACK.removesuffix('/callback')}" in policy
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    for field in re.findall(r'<(?:input|select) id="([^"]+)"', answer.text):
        assert f'<label for="{field}">' in answer.text
    style = httpx.get(re.findall(r'href="([^"]+\.css)"', answer.text)[0])
    assert style.headers["content-type"].startswith("text/css")


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(issuer: Issuer) -> None:
    with Browser(issuer) as browser:
        cookie = browser.open().headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # plain http here


async def test_a_form_counts_only_in_the_browser_that_was_shown_it(
    issuer: Issuer, reader: str
) -> None:
    with Browser(issuer) as browser:
        browser.open()
        with Browser(issuer) as thief:
            typed = {"username": reader, "password": PIN}
            stolen = thief.client.post(browser.form(), data=typed)
    assert stolen.status_code == 400


async def test_a_log_in_page_works_once(issuer: Issuer, reader: str) -> None:
    with Browser(issuer) as browser:
        browser.open()
        place = browser.form()
        browser.type(username=reader, password=PIN)
        assert browser.page.status_code == 302
        again = browser.client.post(place, data={"username": reader, "password": PIN})
    assert again.status_code == 400


async def test_wrong_unknown_disabled_and_locked_look_the_same(
    issuer: Issuer, accounts: Accounts, reader: str
) -> None:
    banned = card()
    subject = await accounts.ensure_reader(banned, uuid4(), "vik", PIN, temporary=False)
    await accounts.disable("readers", subject)
    with Browser(issuer) as browser:
        pages = [browser.log_in(reader, "000000")]
        for _ in range(5):
            browser.log_in(reader, "000000")
        pages += [browser.log_in(name, PIN) for name in (reader, "nobody-at-all", banned)]
    shown = {re.sub(r'session_code=[\w-]+|value="[^"]*"', "", page.text) for page in pages}
    assert [page.status_code for page in pages] == [200] * 4
    assert len(shown) == 1


async def test_nobody_locks_a_known_browser_out_by_guessing_elsewhere(
    issuer: Issuer, accounts: Accounts
) -> None:
    name, word = f"desk-{card()}".lower(), "a long enough phrase"
    await accounts.ensure_organization("vik", "Vik Library")
    await accounts.ensure_staff(name, "vik", ["desk@vik"], word)
    with Browser(issuer, "staff") as known, Browser(issuer, "staff") as strange:
        known.log_in(name, word)
        assert known.code()
        for _ in range(5):
            strange.log_in(name, "a wrong phrase")
        assert strange.log_in(name, word).status_code == 200  # locked, for the wide world
        known.log_in(name, word)
        assert known.code()
        for _ in range(5):  # it does not guess for ever either
            known.log_in(name, "a wrong phrase")
        assert known.log_in(name, word).status_code == 200


def guess_somebody(issuer: Issuer, forwarded: str) -> httpx.Response:
    """Try a card that may be somebody's, by the way that programs take."""
    told = {"grant_type": "password", "client_id": "pinakes-cli", "password": "000000"}
    return httpx.post(
        issuer.url("readers", "token"),
        data=told | {"username": card()},
        headers={"X-Forwarded-For": forwarded},
    )


async def guessed_often(postgres: Postgres, address: str) -> None:
    """As if all that one address may try had been tried just now, by a clock that stands still."""
    store = await asyncpg.connect(postgres.address("pinakes_issuer"))
    await store.execute(
        "UPDATE issuer.address SET guesses = $2, guessed_at = now() + interval '1 hour'"
        " WHERE mark = $1",
        mark(address),
        ROOM,
    )
    await store.close()


async def test_who_tries_many_cards_from_one_address_is_told_to_wait(
    issuer: Issuer, reader: str, postgres: Postgres
) -> None:
    near, far = "203.0.113.7", "198.51.100.7"
    assert guess_somebody(issuer, f"192.0.2.1, {near}").status_code == 401
    await guessed_often(postgres, near)
    answer = guess_somebody(issuer, f"192.0.2.2, {near}")
    assert (answer.status_code, answer.json()["error"]) == (429, "slow_down")
    heard = {"accept-language": "en", "X-Forwarded-For": near}
    with Browser(issuer, **heard) as stranger:
        page = stranger.log_in(reader, PIN)
        assert (page.status_code, page.headers["retry-after"]) == (429, "6")
        assert "Wait a minute" in page.text
        stranger.client.headers["X-Forwarded-For"] = far
        assert stranger.log_in(reader, PIN).status_code == 302
        stranger.client.headers["X-Forwarded-For"] = near  # this browser is known by now
        assert stranger.log_in(reader, PIN).status_code == 302
        assert stranger.log_in(card(), PIN).status_code == 429


async def test_a_first_pin_has_to_be_changed_before_anything_else(
    issuer: Issuer, accounts: Accounts
) -> None:
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", "111111")
    with Browser(issuer, **{"accept-language": "en"}) as browser:
        assert "Choose a new PIN" in browser.log_in(number, "111111").text
        for pin in ("123456", "654321", "222222", "121212", "147258", number[-6:]):
            assert "too easy" in browser.type(password_new=pin, password_confirm=pin).text
        assert "6 digits" in browser.type(password_new="12345", password_confirm="12345").text
        assert "not the same" in browser.type(password_new=PIN, password_confirm=OTHER).text
        browser.type(password_new=PIN, password_confirm=PIN)
        assert browser.trade(browser.code()).status_code == 200
        browser.log_in(number, "111111")
        assert browser.page.status_code == 200
        browser.log_in(number, PIN)
        assert browser.code()


async def test_who_knew_an_old_first_pin_chooses_no_pin_after_a_new_one(
    issuer: Issuer, accounts: Accounts
) -> None:
    number = card()
    subject = await accounts.ensure_reader(number, uuid4(), "vik", "111111")
    with Browser(issuer) as browser:
        browser.log_in(number, "111111")
        await accounts.set_pin(subject, "222222", temporary=True)
        answer = browser.type(password_new=PIN, password_confirm=PIN)
    assert answer.status_code == 400


async def test_a_new_pin_is_not_the_old_one(issuer: Issuer, accounts: Accounts) -> None:
    number = card()
    await accounts.ensure_reader(number, uuid4(), "vik", PIN)
    with Browser(issuer, **{"accept-language": "en"}) as browser:
        browser.log_in(number, PIN)
        assert "must not be" in browser.type(password_new=PIN, password_confirm=PIN).text


async def test_one_number_of_two_libraries_is_asked_back(
    issuer: Issuer, accounts: Accounts
) -> None:
    number, people = card(), [uuid4(), uuid4()]
    await accounts.ensure_organization("hope", "Hope Library")
    for person, home in zip(people, ("hope", "vik"), strict=True):
        await accounts.ensure_reader(number, person, home, PIN, temporary=False)
    with Browser(issuer, **{"accept-language": "en"}) as browser:
        page = browser.log_in(number, PIN).text
        assert "Which library" in page
        assert '<option value="hope">Hope Library (hope)</option>' in page
        browser.type(username=number, password=PIN, home="vik")
        assert person_of(browser) == people[1]
        browser.log_in(f"{number}@hope", PIN)
        assert person_of(browser) == people[0]


def person_of(browser: Browser) -> UUID:
    token = browser.trade(browser.code()).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(browser.issuer.url(browser.realm, "userinfo"), headers=headers)
    return UUID(answer.json()["person"])


async def test_staff_log_in_with_name_and_password(issuer: Issuer, accounts: Accounts) -> None:
    name = f"ada-{card()}"
    await accounts.ensure_organization("vik", "Vik Library")
    await accounts.ensure_staff(name, "vik", ["desk@vik"], "a long enough phrase")
    with Browser(issuer, "staff", **{"accept-language": "en"}) as browser:
        assert "Password" in browser.open().text
        browser.type(username=name, password="a long enough phrase")
        assert browser.code()


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{BACK}/../../x"},
        {"redirect_uri": "http://127.0.0.1:9999@evil.example/"},
        {"redirect_uri": f"{BACK}#x"},
        {"redirect_uri": f"{BACK}/图书馆"},
        {"redirect_uri": f'{BACK}"x'},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": "pinakes-cli"},
        {"client_id": "pinakes-admin"},
        {"response_mode": "fragment"},
        {"state": "\0"},
        {"state": "x" * 40_000},
    ],
)
def test_a_bad_request_ends_on_a_page_and_sends_nobody_anywhere(
    issuer: Issuer, wrong: dict[str, str | None]
) -> None:
    with Browser(issuer) as browser:
        answer = browser.open(**wrong)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"scope": "openid organization:nowhere"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_other_mistakes_are_told_to_the_client(
    issuer: Issuer, wrong: dict[str, str | None], error: str
) -> None:
    with Browser(issuer) as browser:
        answer = browser.open(**wrong)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{BACK}?error={error}")
    assert "state=a+state" in answer.headers["location"].replace("%20", "+")


@pytest.mark.parametrize("query", ["state=a&state=b", "state=%ff", "a=%00", "%"])
def test_what_is_no_query_is_no_reason_for_a_fault(issuer: Issuer, query: str) -> None:
    answer = httpx.get(f"{issuer.url('readers', 'auth')}?client_id=pinakes-web&{query}")
    assert answer.status_code == 400


async def test_a_code_counts_once_and_a_thief_ends_the_session(issuer: Issuer, reader: str) -> None:
    with Browser(issuer) as browser:
        browser.log_in(reader, PIN)
        code = browser.code()
        refresh = browser.trade(code).json()["refresh_token"]
        assert error(browser.trade(code)) == (400, "Code not valid")
        assert error(browser.refresh(refresh)) == (400, "Session not active")


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": f"{BACK}/other"},
        {"client_id": "pinakes-cli"},
    ],
)
async def test_a_code_counts_only_for_the_client_that_asked(
    issuer: Issuer, reader: str, wrong: dict[str, str]
) -> None:
    with Browser(issuer) as browser:
        browser.log_in(reader, PIN)
        answer = browser.trade(browser.code(), **wrong)
    assert answer.status_code == 400
