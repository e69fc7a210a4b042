"""Notices by API, page and command; and nobody sees those of another branch."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest
from click.testing import CliRunner, Result
from commanding import beside
from mint import Mint
from posting import Posting

from pinakes.main.cli import main
from pinakes.platform.config import Settings
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio


@pytest.fixture
async def unsure(posting: Posting) -> UUID:
    """A notice that may have gone."""
    posting.office.answers = [0]
    await posting.tell()
    await posting.round()
    [row] = await posting.rows()
    return row.id


async def test_a_desk_sees_sends_again_and_dismisses(
    client: httpx.AsyncClient, mint: Mint, posting: Posting, unsure: UUID
) -> None:
    desk, path = mint.staff(f"desk@{posting.here.code}"), f"/v1/b/{posting.here.code}/notices"
    listed = (await client.get(path, params={"stands": "unsure"}, headers=desk)).json()["items"]
    assert [(one["id"], one["reason"]) for one in listed] == [(str(unsure), "smtp_cut_off")]
    assert listed[0]["next"] == ["retry", "dismiss"]
    assert (await client.get(path, params={"stands": "failed"}, headers=desk)).json()["items"] == []
    whole = (await client.get(f"{path}/{unsure}", headers=desk)).json()
    assert whole["subject"] == "预约书已到：红楼梦"
    once = desk | {"Idempotency-Key": "again"}
    for _ in range(2):
        again = await client.post(f"{path}/{unsure}/retry", headers=once)
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
    await posting.round()
    refused = await client.post(f"{path}/{unsure}/dismiss", headers=desk)
    assert (refused.status_code, refused.json()["code"]) == (409, "notice_move_refused")
    missing = await client.post(f"{path}/{uuid4()}/dismiss", headers=desk)
    assert (missing.status_code, missing.json()["code"]) == (404, "notice_unknown")


async def test_another_branch_sees_and_moves_nothing(
    client: httpx.AsyncClient, mint: Mint, posting: Posting, unsure: UUID, neighbour: Tenant
) -> None:
    desk, path = mint.staff(f"desk@{neighbour.code}"), f"/v1/b/{neighbour.code}/notices"
    assert (await client.get(path, headers=desk)).json()["items"] == []
    assert (await client.get(f"{path}/{unsure}", headers=desk)).status_code == 404
    assert (await client.post(f"{path}/{unsure}/retry", headers=desk)).status_code == 404
    assert await posting.stands() == [("unsure", "smtp_cut_off")]


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "不确定是否已发送"), ("en", "nobody knows")]
)
async def test_the_page_shows_what_has_not_gone_and_has_buttons(
    client: httpx.AsyncClient, mint: Mint, posting: Posting, unsure: UUID, language: str, words: str
) -> None:
    desk = mint.staff(f"desk@{posting.here.code}")
    desk |= {"Accept": "text/html", "Accept-Language": language}
    page = f"/b/{posting.here.code}/notices"
    shown = (await client.get(page, headers=desk)).text
    assert words in shown
    assert "王小明" in shown
    pressed = await client.post(f"{page}/{unsure}/dismiss", headers=desk)
    assert (pressed.status_code, pressed.headers["location"]) == (303, page)
    assert await posting.stands() == [("dismissed", None)]
    assert words not in (await client.get(page, headers=desk)).text
    assert (await client.post(f"{page}/{unsure}/begin", headers=desk)).status_code == 404


async def test_a_reader_chooses_language_and_silence(
    client: httpx.AsyncClient, mint: Mint, posting: Posting
) -> None:
    reader = mint.reader(posting.reader.person, posting.here.code)
    assert (await client.get("/v1/me/notices", headers=reader)).json() == {
        "wanted": True,
        "language": None,
    }
    choice = {"wanted": True, "language": "en"}
    assert (await client.put("/v1/me/notices", json=choice, headers=reader)).json() == choice
    await posting.tell()
    await posting.round()
    assert posting.office.letters[0]["Subject"] == "Ready for you: 红楼梦"
    await client.put("/v1/me/notices", json={"wanted": False}, headers=reader)
    assert await posting.tell() == 0
    stranger = mint.reader(uuid4(), posting.here.code)
    assert (await client.get("/v1/me/notices", headers=stranger)).status_code == 404


@pytest.fixture
def address(settings: Settings) -> Iterator[None]:
    """Commands find us."""
    with beside(settings):
        yield


async def say(*words: str) -> Result:
    """What ``pinakes notices`` answers, in a thread with a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, main, ["notices", *words])


@pytest.mark.usefixtures("address")
async def test_the_commands_list_show_and_move(posting: Posting, unsure: UUID) -> None:
    branch = ("--branch", posting.here.code)
    listed = await say("list", *branch)
    assert "unsure 1" in listed.output
    assert f"{unsure}  ready  email  unsure  smtp_cut_off" in listed.output
    assert "预约书已到：红楼梦" in (await say("show", str(unsure), *branch)).output
    assert "waiting" in (await say("retry", str(unsure), *branch)).output
    await posting.without_server().round()
    assert "PINAKES_SMTP_HOST" in (await say("list", *branch, "--state", "waiting")).output
    assert '"waiting":1' in (await say("list", *branch, "--json")).output
    assert "dismissed" in (await say("dismiss", str(unsure), *branch)).output
    again = await say("retry", str(unsure), *branch)
    assert (again.exit_code, "notice_move_refused" in again.output) == (1, True)
    assert "Due on" in (await say("preview", "due_soon", "--language", "en", *branch)).output
