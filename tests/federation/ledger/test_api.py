"""Heads, proofs and leaves for everybody; events and salts for their branch alone."""

from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ledgers import EAST, WEST, Cell
from mint import Mint

from pinakes.federation.ledger import keys, merkle
from pinakes.federation.ledger.checking import cosigner
from pinakes.federation.ledger.leaves import hash_of_event
from pinakes.federation.ledger.notes import Checkpoint, cosign, opened, public_of
from pinakes.federation.ledger.sequencer import rotate

pytestmark = pytest.mark.anyio

OUTSIDE = Ed25519PrivateKey.generate()


async def told(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, **query: Any) -> tuple[int, str]:
    answer = await client.get(path, params=query)
    return answer.status_code, answer.json()["code"]


def cosigned(head: Any, private: Ed25519PrivateKey = OUTSIDE, time: int = 1_790_000_000) -> Any:
    """What a branch hands in."""
    text, _ = opened(head["note"])
    name = cosigner(head["origin"], "east", public_of(private)).name
    return {"size": head["size"], "line": cosign(private, name, text, time)}


async def test_a_branch_proves_its_event_to_anybody(
    cell: Cell, anybody: httpx.AsyncClient, east: httpx.AsyncClient
) -> None:
    for number in range(9):
        await cell.record(EAST, number=number)
    await cell.sequence()
    head = await told(anybody, "/ledger/heads/latest")
    events = await told(east, "/b/east/ledger/events", limit=4)
    assert len(events["items"]) == 4
    assert events["next"]
    for event in events["items"]:
        leaf = hash_of_event(bytes.fromhex(event["salt"]), event["event"])
        assert leaf.hex() == event["leaf"]
        proof = await told(anybody, "/ledger/inclusion", leaf=leaf.hex(), size=head["size"])
        path = [bytes.fromhex(hash) for hash in proof["path"]]
        root = bytes.fromhex(head["root"])
        assert merkle.is_included(leaf, proof["index"], head["size"], path, root)


async def test_the_log_is_shown_to_grow_and_to_be_signed(
    cell: Cell, anybody: httpx.AsyncClient
) -> None:
    await cell.record()
    await cell.sequence()
    before = await told(anybody, "/ledger/heads/latest")
    await rotate(cell.role, cell.key)
    await cell.record()
    await cell.sequence()
    head = await told(anybody, "/ledger/heads/latest")
    proof = await told(anybody, "/ledger/consistency", **{"from": before["size"], "to": 4})
    assert (proof["from"], proof["to"]) == (2, 4)
    roots = (bytes.fromhex(one["root"]) for one in (before, head))
    path = [bytes.fromhex(hash) for hash in proof["path"]]
    assert merkle.is_consistent(2, next(roots), 4, next(roots), path)
    listed = (await told(anybody, "/ledger/keys"))["items"]
    chain = keys.followed((one["index"], bytes.fromhex(one["leaf"])) for one in listed)
    text, lines = opened(head["note"])
    assert keys.signer(chain, 4).signed(text, lines[0])
    assert Checkpoint.read(text) == (head["origin"], 4, bytes.fromhex(head["root"]))
    leaves = await told(anybody, "/ledger/leaves", start=1, limit=2)
    assert (leaves["start"], leaves["size"], len(leaves["leaves"])) == (1, 4, 2)
    assert leaves["leaves"][1] == listed[1]["leaf"]


async def test_what_the_log_does_not_have_is_said(cell: Cell, anybody: httpx.AsyncClient) -> None:
    assert await refused(anybody, "/ledger/heads/latest") == (404, "ledger_not_begun")
    await cell.record()
    await cell.sequence()
    leaf = merkle.leaf_hash(b"nothing").hex()
    assert await refused(anybody, "/ledger/inclusion", leaf=leaf) == (404, "leaf_unknown")
    first = await cell.strong.fetchval("SELECT hash FROM commons.ledger_leaf WHERE place = 1")
    for size in (1, 3):
        told = await refused(anybody, "/ledger/inclusion", leaf=first.hex(), size=size)
        assert told == (400, "ledger_size_unknown")
    for pair in ({"from": 2, "to": 1}, {"from": 1, "to": 3}):
        assert await refused(anybody, "/ledger/consistency", **pair) == (400, "ledger_size_unknown")
    wrong = await refused(anybody, "/ledger/consistency", **{"from": 0, "to": 1})
    assert wrong == (400, "validation_failed")
    enough = await refused(anybody, "/ledger/heads/latest", cosigned=1)
    assert enough == (404, "ledger_not_begun")


async def test_events_and_salts_are_their_branchs_alone(
    cell: Cell, address: str, mint: Mint, east: httpx.AsyncClient
) -> None:
    await cell.record(WEST)
    await cell.sequence()
    assert (await told(east, "/b/east/ledger/events"))["items"] == []
    assert (await refused(east, "/b/west/ledger/events"))[0] == 403
    headers = mint.staff("desk@west", "cataloguer@west")
    async with httpx.AsyncClient(base_url=f"{address}/v1", headers=headers) as desk:
        assert (await refused(desk, "/b/west/ledger/events"))[0] == 403


async def test_a_branch_cosigns_a_head(
    cell: Cell, anybody: httpx.AsyncClient, east: httpx.AsyncClient
) -> None:
    await cell.sequence()
    key = public_of(OUTSIDE).hex()
    registered = await east.put("/b/east/ledger/cosigner", json={"key": key})
    assert registered.json()["key"] == key
    head = await told(anybody, "/ledger/heads/latest")
    for _ in range(2):  # the second time changes nothing
        answer = await east.post("/b/east/ledger/cosignatures", json=cosigned(head))
        assert answer.status_code == 201, answer.text
    await cell.record()
    await cell.sequence()
    signed = await told(anybody, "/ledger/heads/latest", cosigned=1)
    assert signed["size"] == 1
    assert signed["cosigners"] == [registered.json()]
    text, lines = opened(signed["note"])
    public = cosigner(signed["origin"], "east", public_of(OUTSIDE))
    assert public.signature_time(text, lines[1]) == 1_790_000_000
    assert (await told(anybody, "/ledger/cosigners"))["items"] == [registered.json()]


async def test_only_a_key_outside_the_cell_cosigns(
    cell: Cell, address: str, mint: Mint, east: httpx.AsyncClient
) -> None:
    path, key = "/b/east/ledger/cosigner", {"key": public_of(OUTSIDE).hex()}
    early = await east.put(path, json=key)
    assert (early.status_code, early.json()["code"]) == (404, "ledger_not_begun")
    await cell.sequence()
    logs = await east.put(path, json={"key": public_of(keys.load(cell.key)).hex()})
    assert (logs.status_code, logs.json()["code"]) == (409, "cosigner_key_taken")
    async with httpx.AsyncClient(
        base_url=f"{address}/v1", headers=mint.staff("administrator@west")
    ) as west:
        assert (await west.put("/b/west/ledger/cosigner", json=key)).status_code == 200
    taken = await east.put(path, json=key)
    assert (taken.status_code, taken.json()["code"]) == (409, "cosigner_key_taken")


async def test_a_cosignature_that_does_not_hold_is_refused(
    cell: Cell, anybody: httpx.AsyncClient, east: httpx.AsyncClient
) -> None:
    await cell.sequence()
    head = await told(anybody, "/ledger/heads/latest")

    async def code(body: Any) -> str:
        answer = await east.post("/b/east/ledger/cosignatures", json=body)
        return str(answer.json()["code"])

    assert await code(cosigned(head)) == "no_cosigner_key"
    key = {"key": public_of(OUTSIDE).hex()}
    assert (await east.put("/b/east/ledger/cosigner", json=key)).status_code == 200
    stranger = cosigned(head, Ed25519PrivateKey.generate())
    assert await code(stranger) == "cosignature_refused"
    assert await code(cosigned(head, time=1 << 40)) == "cosignature_refused"
    assert await code(cosigned(head) | {"size": 7}) == "ledger_not_begun"
    assert await code(cosigned(head | {"note": head["note"].replace("\n1\n", "\n2\n")})) == (
        "cosignature_refused"
    )
