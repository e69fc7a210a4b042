"""``pinakes ledger``: whoever checks is told exactly what is wrong, and signs nothing that is."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from ledgers import EAST, WEST, Cell
from sqlalchemy import text
from time_machine import travel

from pinakes.federation.ledger import keys
from pinakes.federation.ledger.notes import public_of
from pinakes.platform.audit import note
from pinakes.platform.clock import now
from pinakes.platform.db import unit_of_work

pytestmark = pytest.mark.anyio

DIGEST = text("SELECT audit_digest(a) FROM audit a WHERE subject = :about")

type Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def log(cell: Cell) -> Cell:
    """Ten events of two branches in four batches."""
    for number in range(10):
        await cell.record((EAST, WEST)[number % 2], number=number)
    while await cell.sequence(most=3):
        pass
    return cell


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept.json"


def content(file: Path) -> bytes:
    return file.read_bytes()


async def test_a_log_that_holds_is_said_to(log: Cell, pinakes: Run, kept: Path) -> None:
    done = await pinakes("verify", "--remember", kept)
    assert done.exit_code == 0, done.output
    assert "of 11 leaves holds; own events in it: 10" in done.stdout
    await log.record()
    await log.sequence()
    done = await pinakes("verify", "--at", "east", "--remember", kept)
    assert "own events in it" in done.stdout
    assert "goes on from the head of 11 leaves" in done.stdout
    told = json.loads((await pinakes("verify", "--json")).stdout)
    assert (told["holds"], told["wrong"], told["size"]) == (True, [], 12)


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
async def test_who_did_it_cannot_be_altered(cell: Cell, pinakes: Run, change: str) -> None:
    async with unit_of_work(cell.database.app, EAST) as session:
        note(session, "request.ship", about := uuid4())
        await session.flush()
        digest = await session.scalar(DIGEST, {"about": str(about)})
        event = await cell.record_in(session, audit=digest)
    await cell.sequence()
    done = await pinakes("verify")
    assert done.exit_code == 0, done.output
    await cell.strong.execute(change)
    done = await pinakes("verify")
    assert done.exit_code == 1
    assert f"east: event {event}: the audit log says" in done.output


CHANGES = {
    "UPDATE ledger_event SET event = replace(event, '\"number\": 4', '\"number\": 5')": (
        "east: event {east}: with this text and salt it does not stand in the log"
    ),
    "UPDATE ledger_event SET salt = sha256(salt) WHERE event LIKE '%\"number\": 4%'": (
        "east: event {east}: with this text and salt it does not stand in the log"
    ),
    "DELETE FROM ledger_event WHERE event LIKE '%\"number\": 4%'": (
        "leaf 5 belongs to no event of any branch"
    ),
    "UPDATE commons.ledger_leaf SET data = set_byte(data, 9, 1) WHERE place = 5": (
        "the hash that is kept of leaf 5 is not what its leaves make"
    ),
    "UPDATE commons.ledger_node SET hash = sha256(hash) WHERE level = 1 AND place = 2": (
        "the hash that is kept of leaves 4 to 5 is not what its leaves make"
    ),
    "DELETE FROM commons.ledger_leaf WHERE place = 10": (
        "head of 11 leaves: it tells of 11 leaves, and the log gives 10"
    ),
    "UPDATE commons.ledger_head SET note = replace(note, '— ', '— x') WHERE size = 7": (
        "head of 7 leaves: it is not signed by the log's key"
    ),
    "UPDATE commons.ledger_head SET note = replace(note, chr(10) || '7' || chr(10), 'x')"
    " WHERE size = 7": ("head of 7 leaves: a checkpoint is three lines"),
    "UPDATE commons.ledger_leaf SET data = replace(encode(data, 'escape'), '\"index\":0',"
    " '\"index\":1')::bytea WHERE place = 0": "leaf 0 announces a key of another log or place",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_was_changed_is_named(log: Cell, pinakes: Run, change: str) -> None:
    """And not much besides."""
    east = await log.strong.fetchval(
        "SELECT id FROM ledger_event WHERE event LIKE '%\"number\": 4%'"
    )
    await log.strong.execute(change)
    with travel(now() + timedelta(minutes=2)):  # nothing may be on its way any more
        done = await pinakes("verify")
    assert done.exit_code == 1
    told = done.stderr.splitlines()
    assert any(line.startswith(CHANGES[change].format(east=east)) for line in told), told
    assert len(told) <= 6, told


async def test_a_rewritten_log_is_noticed_by_whoever_kept_a_head(
    log: Cell, pinakes: Run, kept: Path
) -> None:
    await pinakes("verify", "--remember", kept)
    remembered = content(kept)
    await log.strong.execute("""
        TRUNCATE ledger_event, commons.ledger_leaf, commons.ledger_node, commons.ledger_head,
            commons.ledger_key""")
    for number in range(20):
        await log.record(EAST, number=number)
    await log.sequence()
    assert (await pinakes("verify")).exit_code == 0  # whoever kept nothing cannot tell
    done = await pinakes("verify", "--remember", kept)
    assert done.exit_code == 1
    assert "the log was rewritten since you kept a head of 11 leaves" in done.stderr
    assert content(kept) == remembered


async def test_a_member_checks_from_outside(
    log: Cell, pinakes: Run, address: str, token: str, kept: Path
) -> None:
    words = ("verify", "--address", address, "--remember", kept)
    done = await pinakes(*words, "--at", "east", "--token", token)
    assert done.exit_code == 0, done.output
    assert "own events in it: 5" in done.stdout
    await log.strong.execute("DELETE FROM ledger_event WHERE event LIKE '%\"number\": 4%'")
    done = await pinakes(*words, "--at", "east", "--token", token)
    assert done.exit_code == 1
    assert "of the first 11 leaves 5 were its events when you last looked, now 4" in done.stderr
    assert "/v1/b/east/ledger/events answered 401" in (await pinakes(*words, "--at", "east")).stderr
    assert (await pinakes("verify", "--address", "http://127.0.0.1:9")).exit_code == 1


async def test_a_branch_cosigns_what_it_has_checked(
    log: Cell, pinakes: Run, address: str, token: str, kept: Path, tmp_path: Path
) -> None:
    key = tmp_path / "east.pem"
    made = await pinakes("keygen", key)
    assert public_of(keys.load(key)).hex() in made.stdout
    assert key.stat().st_mode & 0o777 == 0o600
    assert "it is left as it is" in (await pinakes("keygen", key)).stderr
    words = ("--at", "east", "--key", key, "--remember", kept, "--address", address)
    done = await pinakes("cosign", *words, "--token", token)
    assert "Signed the head of 11 leaves" in done.stdout, done.output
    await pinakes("rotate")
    await log.record()
    await log.sequence()
    done = await pinakes("cosign", *words, "--token", token)
    assert "Signed the head of 13 leaves" in done.stdout, done.output
    assert (await pinakes("verify", "--remember", kept)).exit_code == 0
    await log.strong.execute("UPDATE commons.ledger_cosignature SET line = replace(line, 'A', 'B')")
    assert "the cosignature of east does not hold" in (await pinakes("verify")).stderr


async def test_nothing_is_cosigned_that_does_not_follow_from_the_kept_head(
    log: Cell, pinakes: Run, address: str, token: str, kept: Path, tmp_path: Path
) -> None:
    key = tmp_path / "east.pem"
    keys.make(key)
    words = ("--at", "east", "--key", key, "--remember", kept, "--address", address)
    await pinakes("cosign", *words, "--token", token)
    remembered = content(kept)
    await log.strong.execute("""
        TRUNCATE ledger_event, commons.ledger_leaf, commons.ledger_node, commons.ledger_head,
            commons.ledger_key, commons.ledger_cosignature""")
    await log.record()
    await log.sequence()
    shrunk = await pinakes("cosign", *words, "--token", token)
    assert shrunk.exit_code == 1
    assert "the log has shrunk" in shrunk.stderr
    for _ in range(20):
        await log.record()
    await log.sequence()
    rewritten = await pinakes("cosign", *words, "--token", token)
    assert rewritten.exit_code == 1
    assert "the log was rewritten since you kept a head of 11 leaves" in rewritten.stderr
    assert content(kept) == remembered
    assert not await log.strong.fetch("SELECT FROM commons.ledger_cosignature")


async def test_a_file_that_is_no_key_is_said_to_be_none(
    log: Cell, pinakes: Run, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("x")
    done = await pinakes("cosign", "--at", "east", "--key", broken, "--remember", broken)
    assert done.exit_code == 1
    assert "is not what was written there" in done.stderr
    done = await pinakes("cosign", "--at", "east", "--key", broken, "--remember", tmp_path / "y")
    assert "holds no private key that can be read" in done.stderr
    assert "no_such_branch" in (await pinakes("verify", "--at", "north")).stderr
