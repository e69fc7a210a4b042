"""Logging in with a browser: readers and staff, in and out, and nobody else's forms."""

import asyncio
from typing import Any

import httpx
import pytest
from issuing import Issuer
from msgspec.structs import replace
from pages_visitor import Person

from pinakes.federation.identity.sessions import NAME, Sessions
from pinakes.platform.config import Settings
from pinakes.platform.directory import Tenant
from pinakes.platform.login import Verifier

pytestmark = pytest.mark.anyio

Reader = dict[str, Any]


async def logged_in(person: Person, reader: Reader) -> httpx.Response:
    return await person.log_in(reader["card"], reader["pin"], next="/mine")


async def test_a_reader_logs_in_with_card_and_pin(
    person: Person, reader: Reader, tenant: Tenant
) -> None:
    begun = await person.get("/mine?page=2")
    assert (begun.status_code, begun.headers["location"]) == (
        (303, "/login?as=reader&next=%2Fmine%3Fpage%3D2")
    )
    answer = await logged_in(person, reader)
    assert (answer.status_code, answer.headers["location"]) == (303, "/mine")
    assert (await person.get("/mine")).text == f"{reader['person']} of {tenant.code}"


async def test_staff_log_in_by_a_door_of_their_own(
    person: Person, issuer: Issuer, tenant: Tenant
) -> None:
    page = f"/b/{tenant.code}/desk"
    begun = await person.get(page)
    assert begun.headers["location"].startswith("/login?as=staff&")
    there = (await person.get(begun.headers["location"])).headers["location"]
    assert f"&library={tenant.code}" in there  # so that the page there can name it
    async with issuer.accounts() as accounts:
        await accounts.ensure_organization(tenant.code, tenant.name_en)
        name = f"ada-{tenant.code}"
        await accounts.ensure_staff(name, tenant.code, [f"desk@{tenant.code}"], "correct horse 1")
    answer = await person.log_in(name, "correct horse 1", **{"as": "staff", "next": page})
    assert answer.headers["location"] == page
    assert (await person.get(page)).text == "desk"


async def test_the_session_is_out_of_reach_of_scripts_and_other_sites(
    person: Person, reader: Reader
) -> None:
    answer = await logged_in(person, reader)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(NAME))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert person.session.access not in cookie
    assert len(cookie) < 4096
    assert Sessions(
        Settings(database="", carrier="", public="", address="https://x"),  # type: ignore[arg-type]
        Verifier("http://127.0.0.1:1"),
    ).secure


async def test_a_cookie_opens_pages_and_never_the_api(
    person: Person, reader: Reader, tenant: Tenant
) -> None:
    await logged_in(person, reader)
    for path in ("/v1/me", f"/v1/b/{tenant.code}/readers"):
        answer = await person.get(path)
        assert answer.status_code in {401, 404}
    question = {"query": "{ version }"}
    foreign = {"Origin": "https://evil.example"}
    answer = await person.post(f"/v1/b/{tenant.code}/graphql", json=question, headers=foreign)
    assert answer.status_code == 200  # as anybody


@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
async def test_a_log_in_leads_to_no_other_site(client: httpx.AsyncClient, next: str) -> None:
    answer = await client.get("/login", params={"next": next})
    assert (answer.status_code, answer.json()["code"]) == (400, "next_refused")


async def test_a_callback_that_this_browser_did_not_begin_is_refused(
    person: Person,
) -> None:
    for value in ("", "x" * 200):
        person.hold("pinakes_login_madeup", value)
        answer = await person.get(
            "/callback",
            params={"state": "madeup", "code": "stolen"},
            headers={"Accept": "*/*"},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "login_lost")


async def test_a_code_of_another_log_in_is_refused(person: Person, reader: Reader) -> None:
    answer = await person.get("/login")
    state = answer.headers["location"].partition("state=")[2].partition("&")[0]
    for told in ({"code": "made-up"}, {}, {"code": "x", "iss": "https://evil.example"}):
        refused = await person.get(
            "/callback", params={"state": state, **told}, headers={"Accept": "*/*"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "login_refused"), told
    assert NAME not in person.cookies


async def test_an_old_token_is_renewed_once_for_all_requests_that_need_it(
    person: Person, reader: Reader
) -> None:
    await logged_in(person, reader)
    old = replace(person.session, expires=0.0)
    person.keep(old)
    answers = await asyncio.gather(*(person.get("/mine") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert person.session.refresh != old.refresh
    person.keep(replace(person.session, expires=0.0))
    assert (await person.get("/mine")).status_code == 200  # nobody used a token twice


async def test_a_session_with_too_many_rights_for_a_cookie_goes_on(
    person: Person, reader: Reader
) -> None:
    await logged_in(person, reader)
    fat = replace(person.session, access=person.session.access + "x" * 4096)
    person.keep(fat)
    assert person.session.access == ""
    assert (await person.get("/mine")).status_code == 200


@pytest.mark.parametrize("broken", ["", "x", "ä", "A" * 200, "A" * 5000])
async def test_a_cookie_that_was_not_sealed_here_is_nobody(person: Person, broken: str) -> None:
    headers = {"Cookie": f"{NAME}={broken}".encode("latin-1")}
    answer = await person.get("/mine", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 303


async def test_a_changed_cookie_is_nobody(person: Person, reader: Reader) -> None:
    await logged_in(person, reader)
    held = person.cookies[NAME]
    person.hold(NAME, held[:-5] + ("A" if held[-5] != "A" else "B") + held[-4:])
    assert (await person.get("/mine")).status_code == 303


async def test_logging_out_ends_the_session_here_and_at_the_issuer(
    person: Person, reader: Reader
) -> None:
    await logged_in(person, reader)
    held = person.session
    answer = await person.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert NAME not in person.cookies
    person.keep(replace(held, expires=0.0))
    answer = await person.get("/mine")
    assert answer.status_code == 303
    assert NAME not in person.cookies  # what the issuer has ended is forgotten here


async def test_a_copied_cookie_opens_nothing_after_the_log_out(
    person: Person, reader: Reader
) -> None:
    await logged_in(person, reader)
    copy = person.session
    await logged_in(person, reader)
    elsewhere = person.session
    person.keep(replace(copy, expires=0.0))
    assert (await person.get("/mine")).status_code == 200  # renewed, and remembered
    await person.post("/logout")
    person.keep(copy)
    assert (await person.get("/mine")).status_code == 303
    person.keep(elsewhere)
    assert (await person.get("/mine")).status_code == 200  # another log-in of the same reader


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_form_from_another_site_is_refused(
    person: Person, reader: Reader, headers: dict[str, str]
) -> None:
    await logged_in(person, reader)
    for path in ("/mine", "/logout"):
        answer = await person.post(path, headers=headers | {"Accept": "*/*"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_form")
    own = {"Sec-Fetch-Site": "same-origin", "Origin": str(person.base_url)}
    assert (await person.post("/mine", headers=own)).status_code == 201


async def test_who_is_logged_in_goes_on_while_the_issuer_is_away(
    person: Person, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await logged_in(person, reader)
    issuer = person.sessions.issuers["readers"]
    monkeypatch.setattr(issuer, "realm", "http://127.0.0.1:1/realms/readers")
    assert (await person.get("/mine")).status_code == 200
    person.keep(replace(person.session, expires=0.0))
    answer = await person.get("/mine", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")
    assert answer.headers["retry-after"]
    assert NAME in person.cookies  # the next try may succeed
