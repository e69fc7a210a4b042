"""What is recorded reaches the log once, whatever happens on the way."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec
import pytest
from ledgers import EAST, WEST, Cell
from sqlalchemy import event, select

from pinakes.federation.ledger import keys, log, merkle
from pinakes.federation.ledger.keys import NoSuchKey, signer
from pinakes.federation.ledger.leaves import hash_of_event
from pinakes.federation.ledger.models import Event, Head, Leaf
from pinakes.federation.ledger.notes import Checkpoint
from pinakes.federation.ledger.notes import opened as read
from pinakes.federation.ledger.sequencer import keep_ledger, rotate
from pinakes.platform.db import public_work, unit_of_work

pytestmark = pytest.mark.anyio


async def own_hashes(cell: Cell, tenant: int = EAST) -> list[bytes]:
    """Where a branch looks for its events in the log."""
    async with unit_of_work(cell.database.app, tenant) as session:
        rows = await session.scalars(select(Event).order_by(Event.id))
        return [hash_of_event(row.salt, row.event) for row in rows]


async def in_log(cell: Cell) -> list[bytes]:
    async with public_work(cell.role) as session:
        found = (await session.scalars(select(Leaf).order_by(Leaf.place))).all()
    assert [row.place for row in found] == list(range(len(found)))
    assert [row.hash for row in found] == [merkle.leaf_hash(row.data) for row in found]
    return [row.hash for row in found]


async def heads(cell: Cell) -> list[Checkpoint]:
    """All heads; each is signed by the key of its time, over the root of its leaves."""
    leaves = await in_log(cell)
    async with public_work(cell.role) as session:
        chain = await log.chain(session)
        notes = [head.note for head in await session.scalars(select(Head).order_by(Head.size))]
    found: list[Checkpoint] = []
    for note in notes:
        text, lines = read(note)
        head = Checkpoint.read(text)
        tree = merkle.Frontier()
        for leaf in leaves[: head.size]:
            list(tree.add(leaf))
        assert tree.root == head.root
        assert signer(chain, head.size).signed(text, lines[0])
        found.append(head)
    return found


async def test_an_event_is_in_the_log_one_batch_later(cell: Cell) -> None:
    id = await cell.record(EAST, "lending.shipped", days=3)
    assert await cell.sequence() == 1
    assert await cell.waiting() == 0
    assert await own_hashes(cell) == (await in_log(cell))[1:]  # the first one announces the key
    async with unit_of_work(cell.database.app, EAST) as session:
        row = await session.get_one(Event, (EAST, id))
    told = msgspec.json.decode(row.event)
    assert told == {
        "id": str(id),
        "kind": "lending.shipped",
        "about": str(row.about),
        "branch": "east",
        "facts": {"days": 3},
        "at": told["at"],
    }
    assert len(row.salt) == 16
    assert id.version == 7


async def test_what_is_rolled_back_never_reaches_the_log(cell: Cell) -> None:
    with suppress(ZeroDivisionError):
        async with unit_of_work(cell.database.app, EAST) as session:
            await cell.record_in(session)
            raise ZeroDivisionError
    assert await cell.sequence() == 0
    assert await cell.size() == 1


async def test_batches_keep_the_order_and_every_head_holds(cell: Cell) -> None:
    for number in range(23):
        await cell.record(EAST, number=number)
    while await cell.sequence(most=5):
        pass
    assert (await in_log(cell))[1:] == await own_hashes(cell)
    assert [head.size for head in await heads(cell)] == [6, 11, 16, 21, 24]


async def test_two_sequencers_at_once_double_nothing(cell: Cell) -> None:
    async def write(tenant: int) -> None:
        for number in range(40):
            await cell.record(tenant, number=number)

    async def sequence() -> None:
        for _ in range(60):
            await cell.sequence(most=3)

    await asyncio.gather(write(EAST), write(WEST), sequence(), sequence())
    while await cell.waiting():
        await cell.sequence()
    logged = (await in_log(cell))[1:]
    assert sorted(logged) == sorted(await own_hashes(cell, EAST) + await own_hashes(cell, WEST))
    await heads(cell)


@pytest.mark.parametrize("place", ["ledger_leaf", "ledger_node", "ledger_head"])
async def test_a_kill_between_append_and_dequeue_leaves_all_or_nothing(
    cell: Cell, place: str
) -> None:
    for number in range(7):
        await cell.record(EAST, number=number)
    await cell.sequence(most=3)
    before = await in_log(cell)

    def kill(connection: Any, _cursor: Any, order: str, *_: Any) -> None:
        if f"INSERT INTO commons.{place}" in order:
            connection.connection.driver_connection.terminate()

    event.listen(cell.role.sync_engine, "after_cursor_execute", kill)
    with pytest.raises(Exception, match=r"."):
        await cell.sequence()
    event.remove(cell.role.sync_engine, "after_cursor_execute", kill)
    assert await in_log(cell) == before
    assert await cell.waiting() == 4
    assert await cell.sequence() == 4
    assert (await in_log(cell))[1:] == await own_hashes(cell)
    await heads(cell)


async def test_the_worker_keeps_the_ledger(cell: Cell) -> None:
    duty = asyncio.create_task(keep_ledger(cell.settings, cell.database))
    await cell.record()
    for _ in range(200):
        if await cell.size() < 2:
            await asyncio.sleep(0.05)
    assert await cell.size() == 2
    duty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await duty


async def test_without_the_right_key_everything_waits(cell: Cell) -> None:
    await cell.sequence()
    stolen = cell.key.read_bytes()
    cell.key.unlink()
    keys.make(cell.key)
    await cell.record()
    with pytest.raises(NoSuchKey, match="bring the right one back"):
        await cell.sequence()
    assert (await cell.size(), await cell.waiting()) == (1, 1)
    cell.key.write_bytes(stolen)
    assert await cell.sequence() == 1


async def test_the_old_key_names_the_new_one(cell: Cell) -> None:
    await cell.record()
    await cell.sequence()
    old = cell.key.read_bytes()
    announced = await rotate(cell.role, cell.key)
    assert announced.index == 2
    assert cell.key.read_bytes() != old
    assert cell.key.stat().st_mode & 0o777 == 0o600
    await cell.record()
    await cell.sequence()
    assert [head.size for head in await heads(cell)] == [2, 3, 4]


@pytest.mark.parametrize("committed", [True, False])
async def test_a_change_of_keys_that_is_cut_short_does_no_harm(cell: Cell, committed: bool) -> None:
    await cell.sequence()
    old = cell.key.read_bytes()
    await rotate(cell.role, cell.key)
    if committed:  # but the file had not been moved yet
        cell.key.rename(keys.coming(cell.key))
        cell.key.write_bytes(old)
    else:  # the next key was made, and its leaf never written
        keys.make(keys.coming(cell.key))
    await cell.record()
    assert await cell.sequence() == 1
    await rotate(cell.role, cell.key)
    await heads(cell)


@pytest.mark.parametrize(
    "order",
    [
        "INSERT INTO commons.ledger_leaf VALUES (9, 'x', 'x')",
        "UPDATE commons.ledger_leaf SET data = 'x'",
        "DELETE FROM commons.ledger_head",
        "UPDATE ledger_event SET event = 'x'",
        "DELETE FROM ledger_event",
        "DELETE FROM ledger_waiting",
        "UPDATE ledger_waiting SET commitment = 'x'",
    ],
)
async def test_the_application_adds_events_and_changes_nothing(cell: Cell, order: str) -> None:
    await cell.record()
    connection = await asyncpg.connect(cell.settings.database.get_secret_value())
    await connection.execute("BEGIN")
    await connection.execute("SELECT pinakes_enter(1)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(order)
    await connection.close()


async def test_the_ledgers_role_sees_commitments_and_no_branch(cell: Cell) -> None:
    await cell.record()
    tables = await cell.strong.fetch("""
        SELECT c.oid::regclass::text AS name,
               has_table_privilege('pinakes_ledger', c.oid, 'SELECT') AS reads,
               has_table_privilege('pinakes_ledger', c.oid, 'INSERT') AS adds,
               has_table_privilege('pinakes_ledger', c.oid, 'UPDATE, TRUNCATE') AS changes,
               has_table_privilege('pinakes_ledger', c.oid, 'DELETE') AS removes
        FROM pg_class c WHERE c.relkind IN ('r', 'p')
        AND c.relnamespace IN ('public'::regnamespace, 'commons'::regnamespace)""")
    log = {f"commons.ledger_{one}" for one in ("leaf", "node", "head", "key")}
    assert {row["name"] for row in tables if row["reads"]} == {*log, "ledger_waiting"}
    assert {row["name"] for row in tables if row["adds"]} == log
    assert {row["name"] for row in tables if row["removes"]} == {"ledger_waiting"}
    assert not [row["name"] for row in tables if row["changes"]]


async def test_no_branch_sees_anothers_events(cell: Cell) -> None:
    await cell.record(EAST)
    async with unit_of_work(cell.database.app, WEST) as session:
        assert (await session.scalars(select(Event))).all() == []


async def test_nobody_records_without_having_entered_a_branch(cell: Cell) -> None:
    connection = await asyncpg.connect(cell.settings.database.get_secret_value())
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("SELECT ledger_record('x', gen_random_uuid(), '{}')")
    finally:
        await connection.close()
