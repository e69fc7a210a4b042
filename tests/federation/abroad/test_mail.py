"""Mail between cells: a request lives over two of them, and nobody is believed without a seal."""

import asyncio
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest
from celling import Cells, Side
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lending import desk_at
from mint import Mint
from restoring import backup
from sqlalchemy import func, select, update

from pinakes.federation.abroad.carrying import Undelivered
from pinakes.federation.abroad.sealing import CONTEXT, MailForged, believe
from pinakes.federation.ledger.notes import public_of
from pinakes.federation.lending import scanning, service
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.schemas import Scan
from pinakes.main.app import dress
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform import restored
from pinakes.platform.carrier import TRIES, claim
from pinakes.platform.clock import now
from pinakes.platform.db import public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Inbox, Outbox
from pinakes.tenants.registry.cells import EpochNotNew, join, revoke, settle

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
pytestmark = pytest.mark.anyio


async def scan(cells: Cells, side: Side, branch: Tenant, barcode: str) -> None:
    async with unit_of_work(side.database.app, branch.id) as session:
        await scanning.scan(session, side.app.state.directory, Scan(barcode))
    await cells.carry()


async def test_a_request_lives_over_two_cells(cells: Cells, mint: Mint) -> None:
    here, supplier = cells.here, cells.supplier
    request = await here.place(cells.title)
    assert (await here.wish(request)).state == "SENT"
    await cells.carry()
    assert (await here.wish(request)).state == "WILL_SUPPLY"
    await scan(cells, cells.beyond, supplier, cells.barcode)
    for _ in range(2):
        await scan(cells, cells.main, here.home, cells.barcode)
    assert (await here.wish(request)).state == "READY_FOR_PICKUP"
    transport = httpx.ASGITransport(app=dress(cells.main.app))
    async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
        desk = desk_at(client, mint, here.home)
        assert (await desk.lend(here.reader.card, cells.barcode)).status_code == 201
        assert (await desk.take_back(cells.barcode)).status_code == 200
    await cells.carry()
    await scan(cells, cells.main, here.home, cells.barcode)
    await scan(cells, cells.beyond, supplier, cells.barcode)
    assert (await here.wish(request)).state == "COMPLETED"
    async with unit_of_work(cells.beyond.database.app, supplier.id) as session:
        party = await service.find(session, request, S, None)
    assert party.party.state == "COMPLETED"
    assert "person" not in party.party.facts


async def test_no_mail_names_a_reader_and_each_says_who_at_work_wanted_it(cells: Cells) -> None:
    request, postman = await cells.here.place(cells.title), cells.main.postman
    await postman.directory.refresh(cells.main.database.app)
    runs = await claim(cells.main.database, abroad=True)
    [message] = [one for run in runs for one in run if one.about == request]
    reader = str(cells.here.reader.person)
    assert message.actor == reader
    assert reader not in msgspec.json.encode(postman.letter(message, 1)).decode()
    by_desk = msgspec.structs.replace(message, actor="somebody", role="desk")
    told = postman.letter(by_desk, 1)
    assert (told.actor, told.role) == ("somebody", "desk")


FALSE: Mapping[str, tuple[dict[str, Any], int, str]] = {
    "of another key": ({"key": Ed25519PrivateKey.generate()}, 403, "mail_forged"),
    "of a cell that nobody knows": ({"cell": "nowhere"}, 403, "mail_forged"),
    "to another cell": ({"to": "beyond"}, 409, "mail_misdirected"),
    "sealed long ago": ({"aged": 90_000}, 400, "mail_out_of_time"),
    "sealed tomorrow": ({"aged": -90_000}, 400, "mail_out_of_time"),
    "in the name of a branch that lives here": (
        {"letter": {"sender": "home"}}, 403, "letter_not_theirs"
    ),
    "in the name of nobody": ({"letter": {"sender": "nobody"}}, 403, "letter_not_theirs"),
    "to a branch that lives there": (
        {"letter": {"receiver": "supplier"}}, 409, "branch_elsewhere"
    ),
    "before the sender's last move": ({"letter": {"epoch": 1}}, 409, "epoch_stale"),
    "of a kind that nobody knows": ({"letter": {"kind": "Nothing"}}, 422, "letter_not_understood"),
    "of a kind that stays at home": (
        {"letter": {"kind": "ReaderConcerned"}}, 422, "letter_not_understood"
    ),
    "of a later version": ({"letter": {"version": 9}}, 422, "letter_not_understood"),
    "that says nothing": ({"letter": {"body": {}}}, 422, "letter_not_understood"),
}  # fmt: skip


@pytest.mark.parametrize(("how", "status", "code"), FALSE.values(), ids=FALSE)
async def test_no_mail_is_taken(cells: Cells, how: dict[str, Any], status: int, code: str) -> None:
    codes = {"home": cells.here.home.code, "supplier": cells.supplier.code}
    letter = {name: codes.get(said, said) if isinstance(said, str) else said
              for name, said in how.get("letter", {}).items()}  # fmt: skip
    more = {name: said for name, said in how.items() if name != "letter"}
    answer = await cells.post(cells.letter(**letter), **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    heard = select(func.count()).where(Inbox.tenant_id == cells.here.home.id)
    async with public_work(cells.main.database.carrier) as session:
        assert await session.scalar(heard) == 0


async def test_what_is_no_mail_is_refused(cells: Cells) -> None:
    async with httpx.AsyncClient() as client:
        for body in (b"", b"\xff", b"[" * 100_000, b"{}"):
            answer = await client.post(f"{cells.main.address}/v1/mail", content=body)
            assert (answer.status_code, answer.json()["code"]) == (400, "mail_unreadable")


@pytest.mark.parametrize("said", [{}, {"seq": 0}, {"seq": 2**64}, {"created_at": "2026-01-01"}])
async def test_a_sealed_mail_that_is_none_is_refused(cells: Cells, said: dict[str, Any]) -> None:
    letter = msgspec.to_builtins(cells.letter()) | said if said else None
    told = {"cell": "beyond", "to": "main", "at": 1, "letters": [letter]}
    body = msgspec.json.encode(told)
    seal = {"Pinakes-Signature": cells.beyond.key.sign(CONTEXT + body).hex()}
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{cells.main.address}/v1/mail", content=body, headers=seal)
    assert (answer.status_code, answer.json()["code"]) == (400, "mail_unreadable")


async def test_nothing_of_a_forged_mail_is_unfolded(cells: Cells) -> None:
    body = b'{"cell": "beyond", "letters": 7}'
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{cells.main.address}/v1/mail", content=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "mail_forged")


def test_what_is_not_believed_is_not_kept_either() -> None:
    key = public_of(Ed25519PrivateKey.generate())
    tracemalloc.start()
    try:
        for letter in b"abc":
            with pytest.raises(MailForged):
                believe(bytes([letter]) * 1_000_000, "00" * 64, key)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


async def test_mail_that_comes_twice_counts_once_and_numbers_never_turn_back(cells: Cells) -> None:
    letter = cells.letter(seq=7, last=7)
    for _ in range(2):
        assert (await cells.post(letter)).status_code == 204
    again = await cells.post(cells.letter(seq=6, last=6))
    assert (again.status_code, again.json()["code"]) == (409, "sequence_turned_back")
    assert again.json()["applied"] == 7


async def test_a_cell_that_is_away_costs_no_letter_a_try(cells: Cells) -> None:
    postman = replace(cells.main.postman, cell="nobody-knows-us")
    request = await cells.here.place(cells.title)
    assert await postman.round() == 1
    async with public_work(cells.main.database.carrier) as session:
        [kept] = await session.scalars(select(Outbox).where(Outbox.receiver == cells.supplier.id))
    assert (kept.about, kept.state, kept.tries) == (request, "waiting", 0)


async def test_a_silent_cell_is_tried_once_a_round(cells: Cells) -> None:
    calls = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        writer.close()

    await cells.here.place(cells.title)
    postman = cells.main.postman
    await postman.directory.refresh(cells.main.database.app)
    runs = await claim(cells.main.database, abroad=True)
    lasts = await postman.lasts(runs)
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as door:
        known = {"beyond": f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}"}
        for _ in range(3):
            with pytest.raises(Undelivered):
                await postman.send(runs, known, lasts)
    assert calls == 1


async def test_a_letter_that_the_other_cell_cannot_act_on_is_a_dead_one(cells: Cells) -> None:
    request = await cells.here.place(cells.title)
    async with unit_of_work(cells.main.database.app, cells.here.home.id) as session:
        row = await session.scalar(select(Outbox).where(Outbox.receiver == cells.supplier.id))
        assert row is not None
        row.kind = "Nothing"
    for _ in range(TRIES):
        await cells.main.postman.round()
        async with public_work(cells.main.database.carrier) as session:
            await session.execute(update(Outbox).values(due_at=Outbox.created_at))
    async with public_work(cells.main.database.carrier) as session:
        theirs = select(Outbox).where(Outbox.state == "dead", Outbox.about == request)
        [dead] = await session.scalars(theirs)
    assert (dead.about, dead.failure) == (request, "NotApplied")


async def test_a_revoked_cell_is_believed_no_longer(cells: Cells) -> None:
    public = cells.main.database.public
    async with public_work(public) as session:
        await revoke(session, "beyond")
    answer = await cells.post(cells.letter(seq=1, last=1))
    assert answer.json()["code"] == "mail_forged"
    async with public_work(public) as session:
        key = cells.beyond.key.public_key().public_bytes_raw()
        await join(session, "beyond", cells.beyond.address, key)
    assert (await cells.post(cells.letter(seq=1, last=1))).status_code == 204


async def test_nobody_works_at_a_branch_that_lives_elsewhere(cells: Cells, mint: Mint) -> None:
    code = cells.supplier.code
    async with httpx.AsyncClient() as client:
        staff = mint.staff(f"desk@{code}")
        answer = await client.get(f"{cells.main.address}/v1/b/{code}/requests", headers=staff)
    assert (answer.status_code, answer.json()["code"]) == (409, "branch_elsewhere")


async def test_a_move_has_a_number_of_its_own(cells: Cells) -> None:
    async with public_work(cells.main.database.public) as session:
        with pytest.raises(EpochNotNew):
            await settle(session, cells.supplier.code, "beyond", 2)


async def test_a_branch_that_was_restored_hears_again_from_other_cells(
    cells: Cells, postgres: Postgres
) -> None:
    supplier, here, since = cells.supplier, cells.here, now()
    copy = await backup(postgres, supplier, "beyond")
    request = await here.place(cells.title)
    await cells.carry()
    await copy.restore()
    await cells.carry()
    async with unit_of_work(cells.beyond.database.app, supplier.id) as session:
        assert not await service.parties(session, request)
    elsewhere = cells.main.app.state.directory.codes[supplier.code]
    told = await restored.replay(cells.main.database, elsewhere, since)
    assert [(one.sender, one.again) for one in told.again] == [(here.home.id, 1)]
    [known] = told.turned
    above = {here.home.id: known.applied}
    await restored.replay(cells.beyond.database, supplier, above=above)
    for _ in range(2):
        await cells.carry()
        async with unit_of_work(cells.beyond.database.app, supplier.id) as session:
            [found] = await service.parties(session, request)
        assert found.party.state == "WILL_SUPPLY"
        await restored.replay(cells.main.database, elsewhere, since)
    await scan(cells, cells.beyond, supplier, cells.barcode)
    assert (await here.wish(request)).state == "SHIPPED", "its new numbers are believed"
