"""Webhooks: signed, tried again, never led astray; what the branch's system learns is little."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import httpx
import pytest
from mint import Mint
from posting import CUT, Posting

from pinakes.federation.notices import hooks
from pinakes.federation.notices.machine import Channel
from pinakes.federation.notices.sending import BATCH
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

WEBHOOK = Channel.WEBHOOK


async def test_a_webhook_is_signed_and_names_the_reader_by_card_alone(posting: Posting) -> None:
    secret = await posting.hook()
    assert await posting.tell() == 2
    await posting.round(WEBHOOK)
    [(line, headers, body)] = posting.receiver.calls
    assert line == "POST /in?from=here HTTP/1.1"
    assert headers["host"] == f"127.0.0.1:{posting.receiver.port}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    told = json.loads(body)
    assert told.keys() == {"id", "kind", "branch", "language", "card", "subject", "text"}
    assert (told["card"], told["branch"]) == (posting.reader.card, posting.here.code)
    assert str(posting.reader.person) not in body.decode()
    assert posting.office.letters == []


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        (500, ("waiting", "http_500")),
        (429, ("waiting", "http_429")),
        (404, ("failed", "http_404")),
        (302, ("failed", "http_302")),
        (CUT, ("unsure", "http_no_answer")),
    ],
)
async def test_what_the_receiver_says_counts(
    posting: Posting, status: int, stands: tuple[str, str]
) -> None:
    await posting.hook()
    await posting.tell()
    await posting.round()
    posting.receiver.answers = [status]
    await posting.round(WEBHOOK)
    assert (await posting.stands())[1] == stands
    await posting.round(WEBHOOK)
    state = "sent" if stands[0] == "waiting" else stands[0]
    assert (await posting.stands())[1][0] == state
    assert len(posting.receiver.calls) == (2 if state == "sent" else 1)


async def test_a_receiver_that_is_away_is_asked_again(posting: Posting) -> None:
    await posting.hook()
    await posting.tell()
    async with unit_of_work(posting.database.app, posting.here.id) as session:
        await hooks.decide(session, "http://127.0.0.1:1/", inside=True)
    await posting.round(WEBHOOK)
    assert (await posting.stands())[1] == ("waiting", "http_connection")


async def test_a_receiver_that_does_not_answer_keeps_no_others_waiting(posting: Posting) -> None:
    await posting.hook()
    for _ in range(BATCH + 2):
        await posting.tell()
    posting.receiver.answers = [CUT] * BATCH
    await posting.round(WEBHOOK)
    assert len(posting.receiver.calls) == BATCH
    await posting.round(WEBHOOK)
    assert len(posting.receiver.calls) == BATCH + 2


async def test_nobody_is_called_inside_our_own_house(posting: Posting) -> None:
    await posting.hook()
    await posting.tell()
    posting.courier = replace(posting.courier, inside=False)
    await posting.round(WEBHOOK)
    assert (await posting.stands())[1] == ("failed", "address_refused")
    assert posting.receiver.calls == []


async def test_the_secret_is_told_once_and_changes_with_the_address(
    client: httpx.AsyncClient, mint: Mint, tenant: Tenant
) -> None:
    asking, path = mint.staff(f"administrator@{tenant.code}"), f"/v1/b/{tenant.code}/notice-hook"
    assert (await client.get(path, headers=asking)).json()["code"] == "notice_hook_unknown"
    address = {"address": "https://sms.example.org/in?key=1"}
    made = [(await client.put(path, json=address, headers=asking)).json() for _ in range(2)]
    assert made[0]["secret"] != made[1]["secret"]
    shown = (await client.get(path, headers=asking)).json()
    assert shown == {"address": address["address"], "since": made[1]["since"]}
    assert (await client.delete(path, headers=asking)).status_code == 204
    assert (await client.delete(path, headers=asking)).status_code == 404
    for refused in ("http://sms.example.org/", "https://169.254.169.254/", "nonsense"):
        answer = await client.put(path, json={"address": refused}, headers=asking)
        assert (answer.status_code, answer.json()["code"]) == (400, "address_refused")
