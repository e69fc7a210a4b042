"""A reader reports a mistake in a record of any branch; its cataloguer answers, who asked hears."""

import asyncio
import re
from uuid import UUID

import httpx
import pytest
from finding import STONE, hold
from lending import deliver
from mint import Mint
from posting import Posting
from sqlalchemy import select

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.catalogue.mistakes import MOST
from pinakes.tenants.catalogue.models import CatalogueRecord, Mistake

pytestmark = pytest.mark.anyio


@pytest.fixture
async def record(database: Database, neighbour: Tenant) -> UUID:
    """A title of another branch than the reader's."""
    await hold(database, neighbour, STONE)
    async with unit_of_work(database.app, neighbour.id) as session:
        return (await session.scalars(select(CatalogueRecord.id))).all()[-1]


async def test_who_reports_a_mistake_hears_what_has_become_of_it(
    posting: Posting,
    record: UUID,
    client: httpx.AsyncClient,
    mint: Mint,
    neighbour: Tenant,
    database: Database,
) -> None:
    root = f"/v1/b/{neighbour.code}/catalogue"
    reader = mint.reader(posting.reader.person, posting.here.code)
    told = {"words": "作者不是曹雪芹"}
    made = await client.post(f"{root}/records/{record}/mistakes", json=told, headers=reader)
    assert (made.status_code, made.json()["state"]) == (201, "open")
    staff = mint.staff(f"cataloguer@{neighbour.code}")
    [task] = (await client.get(f"{root}/mistakes", headers=staff)).json()["items"]
    assert (task["title"], task["words"]) == ("石头记", told["words"])
    path, answer = f"{root}/mistakes/{task['id']}/answer", {"state": "corrected", "words": "多谢"}
    assert (await client.post(path, json=answer, headers=reader)).status_code == 403
    assert (await client.post(path, json=answer, headers=staff)).json()["answer"] == "多谢"
    again = await client.post(path, json=answer, headers=staff)
    assert (again.status_code, again.json()["code"]) == (409, "mistake_answered")
    assert (await client.get(f"{root}/mistakes", headers=staff)).json()["items"] == []
    async with unit_of_work(database.app, neighbour.id) as session:
        kept = (await session.scalars(select(Mistake))).one()
    assert (kept.person_id, kept.home_id) == (None, None)
    await deliver(database)
    await posting.round()
    [letter] = posting.office.letters
    assert letter["subject"] == "勘误已更正：石头记"
    assert "答复：多谢" in letter.get_content()


async def test_what_nobody_sees_is_reported_by_nobody_and_not_without_end(
    posting: Posting, record: UUID, client: httpx.AsyncClient, mint: Mint, neighbour: Tenant
) -> None:
    root = f"/v1/b/{neighbour.code}/catalogue/records/{record}"
    reader = mint.reader(posting.reader.person, posting.here.code)
    staff = mint.staff(f"cataloguer@{neighbour.code}")
    wish = {"words": "x"}
    assert (await client.post(f"{root}/mistakes", json=wish)).status_code == 401
    for hidden, code in ((True, "no_such_record"), (False, None)):
        await client.put(f"{root}/suppressed", json={"suppressed": hidden}, headers=staff)
        answer = await client.post(f"{root}/mistakes", json=wish, headers=reader)
        assert answer.json().get("code") == code
    answers = await asyncio.gather(
        *(client.post(f"{root}/mistakes", json=wish, headers=reader) for _ in range(2 * MOST))
    )
    assert sum(answer.status_code == 201 for answer in answers) == MOST - 1
    refused = await client.post(f"{root}/mistakes", json=wish, headers=reader)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_mistakes")


async def test_a_mistake_is_reported_and_answered_on_pages(
    posting: Posting, record: UUID, client: httpx.AsyncClient, mint: Mint, neighbour: Tenant
) -> None:
    page = {"accept": "text/html", "accept-language": "zh", "origin": "http://pinakes.test"}
    reader = mint.reader(posting.reader.person, posting.here.code) | page
    staff = mint.staff(f"cataloguer@{neighbour.code}") | page
    root = f"/b/{neighbour.code}"
    form = {"words": "书名有误 <b>"}
    thanks = await client.post(f"{root}/mistakes/{record}", data=form, headers=reader)
    assert (thanks.status_code, "谢谢您" in thanks.text) == (200, True)
    shown = await client.get(f"{root}/cataloguing/mistakes", headers=staff)
    assert "书名有误 &lt;b&gt;" in shown.text
    action = re.search(r'action="([^"]*cataloguing/mistakes/[^"]+)"', shown.text)
    assert action
    done = await client.post(action[1], data={"state": "left", "words": ""}, headers=staff)
    assert done.status_code == 303
    shown = await client.get(done.headers["location"], headers=staff)
    assert "没有待答复的勘误" in shown.text
