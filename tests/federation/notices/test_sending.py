"""A notice is stored once, sent once, tried again when that is safe, and never when it is not."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from posting import ADDRESS, CUT, Posting
from sqlalchemy import func, select, text, update

from pinakes.federation.notices import duties, service
from pinakes.federation.notices.machine import Action
from pinakes.federation.notices.models import Notice, NoticeDue
from pinakes.federation.notices.sending import TRIES
from pinakes.federation.notices.service import Choice
from pinakes.main.bench.serving import environment
from pinakes.platform.config import Settings
from pinakes.platform.db import public_work, unit_of_work
from pinakes.tenants.readers.models import Reader

pytestmark = pytest.mark.anyio

LONE = Path(__file__).with_name("lone.py")


async def test_what_is_told_twice_is_stored_and_sent_once(posting: Posting) -> None:
    about = uuid4()
    assert [await posting.tell(about=about) for _ in range(2)] == [1, 0]
    await posting.round()
    await posting.round()
    assert await posting.stands() == [("sent", None)]
    [letter] = posting.office.letters
    assert letter["To"] == ADDRESS
    assert letter["Subject"] == "预约书已到：红楼梦"
    assert letter["Auto-Submitted"] == "auto-generated"
    [row] = await posting.rows()
    assert letter["Message-ID"] == f"<{row.id}@example.net>"
    text = letter.get_content()
    assert "1月15日" in text
    assert f"http://pinakes.test/b/{posting.here.code}/me/loans" in text


async def test_the_same_told_at_once_by_two_is_stored_once(posting: Posting) -> None:
    about = uuid4()
    assert sorted(await asyncio.gather(*(posting.tell(about=about) for _ in range(4)))) == [
        0,
        0,
        0,
        1,
    ]


@pytest.mark.parametrize("code", [451, 1450])
async def test_a_server_that_cannot_now_is_asked_again(posting: Posting, code: int) -> None:
    posting.office.answers = [code, code]
    await posting.tell()
    await posting.round()
    assert await posting.stands() == [("waiting", f"smtp_{code % 1000}")]
    async with public_work(posting.database.carrier) as session:
        mine = select(NoticeDue.due_at > func.now()).where(NoticeDue.tenant_id == posting.here.id)
        assert await session.scalar(mine)
    await posting.round()
    await posting.round()
    assert (await posting.stands(), posting.office.tried) == ([("sent", None)], 3)
    assert len(posting.office.letters) == 1


async def test_a_server_that_is_away_costs_no_notice_until_the_last_try(posting: Posting) -> None:
    posting.office.answers = [451] * TRIES
    await posting.tell()
    for _ in range(TRIES - 1):
        await posting.round()
    assert await posting.stands() == [("waiting", "smtp_451")]
    await posting.round()
    assert await posting.stands() == [("failed", "smtp_451")]


@pytest.mark.parametrize("code", [550, 1550])
async def test_a_refusal_for_good_is_not_tried_again(posting: Posting, code: int) -> None:
    posting.office.answers = [code]
    await posting.tell()
    await posting.round()
    await posting.round()
    assert (await posting.stands(), posting.office.tried) == ([("failed", "smtp_550")], 1)
    [row] = await posting.rows()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await service.act(session, row.id, Action.RETRY)
    await posting.round()
    assert await posting.stands() == [("sent", None)]


async def test_a_line_that_breaks_before_the_answer_leaves_it_unsure(posting: Posting) -> None:
    posting.office.answers = [CUT]
    await posting.tell()
    for _ in range(3):
        await posting.round()
    assert (await posting.stands(), posting.office.tried) == ([("unsure", "smtp_cut_off")], 1)
    [row] = await posting.rows()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await service.act(session, row.id, Action.DISMISS)
    await posting.round()
    assert (await posting.stands(), posting.office.tried) == ([("dismissed", None)], 1)


async def test_a_crash_between_sending_and_recording_leaves_it_unsure(
    posting: Posting, settings: Settings
) -> None:
    await posting.tell()
    mail = {
        "PINAKES_SMTP_HOST": "127.0.0.1",
        "PINAKES_SMTP_PORT": str(posting.office.port),
        "PINAKES_SMTP_TLS": "none",
        "PINAKES_SMTP_SENDER": "library@example.net",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(LONE), env=environment(settings, **mail)
    )
    posting.office.taken = lambda: os.kill(child.pid, signal.SIGKILL)
    assert await asyncio.wait_for(child.wait(), 60) == -signal.SIGKILL
    assert await posting.stands() == [("sending", None)]
    posting.office.taken = lambda: None
    for _ in range(3):
        await posting.round()
    assert await posting.stands() == [("unsure", "interrupted")]
    assert len(posting.office.letters) == 1
    [row] = await posting.rows()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await service.act(session, row.id, Action.RETRY)
    await posting.round()
    ids = {letter["Message-ID"] for letter in posting.office.letters}
    assert (len(posting.office.letters), len(ids)) == (2, 1)


async def test_whoever_was_only_slow_still_says_that_it_has_gone(posting: Posting) -> None:
    await posting.tell()
    [row] = await posting.rows()
    ready = await posting.courier.begin(posting.here.id, row.id)
    assert ready is not None
    await posting.round()
    assert await posting.stands() == [("unsure", "interrupted")]
    await posting.courier.deliver(ready)
    assert await posting.stands() == [("sent", None)]


async def test_what_ends_while_it_sends_still_writes_it_down(posting: Posting) -> None:
    await posting.tell()
    sending = asyncio.ensure_future(posting.round())
    posting.office.taken = sending.cancel
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await posting.stands() == [("sent", None)]


async def test_the_worker_sends_by_itself(posting: Posting, settings: Settings) -> None:
    await posting.hook()
    await posting.tell()
    mail = {"smtp_host": "127.0.0.1", "smtp_port": posting.office.port, "smtp_tls": "none"}
    told = settings.model_copy(
        update={**mail, "smtp_sender": "library@example.net", "hooks_inside": True}
    )
    duty = asyncio.ensure_future(duties.send(told, posting.database))
    for _ in range(300):
        if await posting.stands() == [("sent", None)] * 2:
            break
        await asyncio.sleep(0.1)
    duty.cancel()
    assert await posting.stands() == [("sent", None)] * 2
    assert (len(posting.office.letters), len(posting.receiver.calls)) == (1, 1)


async def test_without_a_mail_server_it_waits_and_says_so(posting: Posting) -> None:
    await posting.tell()
    bare = posting.without_server()
    await bare.round()
    assert await bare.stands() == [("waiting", "no_mail_server")]
    assert (await bare.rows())[0].tries == 0
    await posting.round()
    assert await posting.stands() == [("sent", None)]


async def test_old_news_is_not_sent(posting: Posting) -> None:
    await posting.tell()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await session.execute(update(Notice).values(since=func.now() - timedelta(days=8)))
    await posting.round()
    assert (await posting.stands(), posting.office.tried) == ([("failed", "too_old")], 0)


async def test_a_reader_who_wants_none_is_told_nothing(posting: Posting) -> None:
    await posting.tell()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await service.choose(session, posting.reader.person, Choice(wanted=False))
    await posting.round()
    assert await posting.stands() == [("failed", "not_wanted")]
    assert await posting.tell() == 0


async def test_a_reader_without_an_address_is_told_nothing(posting: Posting) -> None:
    await posting.tell()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await session.execute(update(Reader).values(contact="13800000000"))
    assert await posting.tell() == 0
    await posting.round()
    assert await posting.stands() == [("failed", "no_address")]


async def test_what_a_notice_told_goes_with_its_reader(posting: Posting) -> None:
    await posting.tell()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await service.choose(session, posting.reader.person, Choice(language="en"))
        for order in ("DELETE FROM card", "DELETE FROM reader"):
            await session.execute(text(order))
    assert await posting.rows() == []
