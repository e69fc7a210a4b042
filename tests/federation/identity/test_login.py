"""Logging in with a browser."""

import httpx
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/login", "/v1/me"]
)
async def test_a_log_in_leads_to_no_other_site(client: httpx.AsyncClient, next: str) -> None:
    answer = await client.get("/login", params={"next": next})
    assert (answer.status_code, answer.json()["code"]) == (400, "next_refused")


async def test_a_callback_that_nobody_began_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/callback", params={"state": "made-up", "code": "stolen"})
    assert (answer.status_code, answer.json()["code"]) == (400, "login_lost")
