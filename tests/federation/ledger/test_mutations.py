"""Ten thousand random changes to a log and to what is told of it: each one is noticed."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pinakes.federation.ledger import keys, merkle
from pinakes.federation.ledger.checking import Given, Memory, Own, Signed, Told, cosigner, judge
from pinakes.federation.ledger.keys import announce, origin_of
from pinakes.federation.ledger.leaves import commitment, event_leaf
from pinakes.federation.ledger.merkle import Frontier, Node
from pinakes.federation.ledger.notes import Checkpoint, NotANote, cosign, note, public_of, sign
from pinakes.federation.ledger.reading import Reading
from pinakes.federation.ledger.verifying import verify

LEAVES, KEPT, ROTATED = 40, 25, 18
TIMES = 10_000
NOW = datetime(2026, 11, 21, tzinfo=UTC)
FIRST, SECOND, WITNESS, THIEF = (
    Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in range(1, 5)
)
ORIGIN = origin_of("https://pinakes.example", public_of(FIRST))
BRANCHES = ("east", "west")


@dataclass
class World:
    """A log and everything that a member is told of it."""

    leaves: list[bytes]
    note: str
    events: dict[str, list[Own]]
    included: dict[UUID, tuple[int, list[bytes]]]
    consistent: list[bytes]

    def copy(self) -> "World":
        events = {branch: list(events) for branch, events in self.events.items()}
        included = {id: (place, list(path)) for id, (place, path) in self.included.items()}
        return World(list(self.leaves), self.note, events, included, list(self.consistent))


def own(number: int, branch: str, chance: Random) -> Own:
    id = UUID(int=chance.getrandbits(128))
    told = {"id": str(id), "kind": "x", "branch": branch, "at": "2026-01-01T00:00:00Z", "n": number}
    return Own(id, json.dumps(told), chance.randbytes(16))


def kept_hashes(leaves: list[bytes]) -> tuple[Frontier, dict[Node, bytes]]:
    tree, kept = Frontier(), dict[Node, bytes]()
    for leaf in leaves:
        kept |= tree.add(merkle.leaf_hash(leaf))
    return tree, kept


def signed(leaves: list[bytes], by: Ed25519PrivateKey = SECOND) -> str:
    tree, _ = kept_hashes(leaves)
    text = Checkpoint(ORIGIN, tree.size, tree.root).text
    name = cosigner(ORIGIN, "east", public_of(WITNESS)).name
    return note(text, [sign(by, ORIGIN, text), cosign(WITNESS, name, text, 1_790_000_000)])


def world() -> tuple[World, Memory]:
    chance = Random(5)
    leaves = [announce(ORIGIN, 0, public_of(FIRST), FIRST).leaf]
    events: dict[str, list[Own]] = {branch: [] for branch in BRANCHES}
    for place in range(1, LEAVES):
        if place == ROTATED:
            leaves.append(announce(ORIGIN, place, public_of(SECOND), FIRST).leaf)
            continue
        branch = chance.choice(BRANCHES)
        event = own(place, branch, chance)
        events[branch].append(event)
        leaves.append(event_leaf(commitment(event.salt, event.event.encode())))
    tree, kept = kept_hashes(leaves)
    places = {merkle.leaf_hash(leaf): place for place, leaf in enumerate(leaves)}
    included = {
        event.id: (
            places[event.leaf],
            merkle.proof(merkle.inclusion(places[event.leaf], tree.size), kept),
        )
        for event in events["east"]
    }
    path = merkle.proof(merkle.consistency(KEPT, tree.size), kept)
    before = World(leaves[:KEPT], signed(leaves[:KEPT]), events, {}, [])
    memory = told_of(before, None)[1]
    assert memory is not None
    return World(leaves, signed(leaves), events, included, path), memory


def told_of(world: World, memory: Memory | None) -> tuple[list[str], Memory | None]:
    """What the checks say, all of them together."""
    try:
        head = Signed.read(Told(len(world.leaves), world.note, {"east": public_of(WITNESS)}))
    except NotANote as error:
        return [str(error)], None
    reading = Reading([head.head.size, *([memory.size] if memory else [])])
    for leaf in world.leaves:
        reading.take(leaf)
    known = set(reading.places)
    events = {
        branch: [one for one in events if memory or one.leaf in known]
        for branch, events in world.events.items()
    }
    verdict = judge(reading, Given([head], events, whole=True), memory, NOW)
    return [*verdict.wrong, *wrong_proofs(world, head.head, memory)], verdict.memory


def wrong_proofs(world: World, head: Checkpoint, memory: Memory | None) -> list[str]:
    wrong = [
        "inclusion"
        for event in world.events["east"]
        if event.id in world.included
        for index, path in [world.included[event.id]]
        if not merkle.is_included(event.leaf, index, head.size, path, head.root)
    ]
    if memory:
        root = bytes.fromhex(memory.root)
        path = world.consistent
        if not merkle.is_consistent(memory.size, root, head.size, head.root, path):
            wrong.append("consistency")
    return wrong


def flipped(data: bytes, chance: Random) -> bytes:
    bit = chance.randrange(len(data) * 8)
    return bytes(
        byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(data)
    )


def other_character(text: str, chance: Random) -> str:
    place = chance.randrange(len(text))
    new = chance.choice([c for c in "0aZ+/=\n —,:x" if c != text[place]])
    return text[:place] + new + text[place + 1 :]


def change_leaf(world: World, chance: Random) -> None:
    place = chance.randrange(LEAVES)
    world.leaves[place] = flipped(world.leaves[place], chance)


def remove_leaf(world: World, chance: Random) -> None:
    del world.leaves[chance.randrange(LEAVES)]


def repeat_leaf(world: World, chance: Random) -> None:
    world.leaves.insert(chance.randrange(LEAVES), chance.choice(world.leaves))


def swap_leaves(world: World, chance: Random) -> None:
    one, two = chance.sample(range(LEAVES), 2)
    world.leaves[one], world.leaves[two] = world.leaves[two], world.leaves[one]


def cut_log(world: World, chance: Random) -> None:
    del world.leaves[chance.randrange(LEAVES) :]


def rewrite_as_insider(world: World, chance: Random) -> None:
    """Whoever holds the log's key changes a leaf, and signs anew."""
    chance.choice([change_leaf, remove_leaf, swap_leaves, cut_log])(world, chance)
    tree, kept = kept_hashes(world.leaves)
    world.note = signed(world.leaves)
    if tree.size >= KEPT:
        world.consistent = merkle.proof(merkle.consistency(KEPT, tree.size), kept)


def sign_as_thief(world: World, chance: Random) -> None:
    """Somebody without the key; once in a while with a whole log of their own."""
    if chance.random() < 0.5:
        world.leaves[0] = announce(ORIGIN, 0, public_of(THIEF), THIEF).leaf
        world.leaves[ROTATED] = announce(ORIGIN, ROTATED, public_of(SECOND), THIEF).leaf
    by = chance.choice([THIEF, FIRST]) if chance.random() < 0.5 else SECOND
    if by is SECOND and world.leaves[0] == START.leaves[0]:
        by = THIEF
    world.note = signed(world.leaves, by)


def change_note(world: World, chance: Random) -> None:
    world.note = other_character(world.note, chance)


def drop_signature(world: World, chance: Random) -> None:
    lines = world.note.splitlines(keepends=True)
    del lines[chance.choice([4, 5])]
    world.note = "".join(lines)


def tell_old_head(world: World, chance: Random) -> None:
    world.note = signed(world.leaves[: chance.randrange(ROTATED + 1, LEAVES)])


def change_event(world: World, chance: Random) -> None:
    events = world.events[chance.choice(BRANCHES)]
    place = chance.randrange(len(events))
    one = events[place]
    events[place] = Own(one.id, other_character(one.event, chance), one.salt)


def change_salt(world: World, chance: Random) -> None:
    events = world.events[chance.choice(BRANCHES)]
    place = chance.randrange(len(events))
    one = events[place]
    events[place] = Own(one.id, one.event, flipped(one.salt, chance))


def lose_event(world: World, chance: Random) -> None:
    events = world.events[chance.choice(BRANCHES)]
    del events[chance.randrange(len(events))]


def invent_event(world: World, chance: Random) -> None:
    world.events["west"].append(own(99, "west", chance))


def give_event_away(world: World, chance: Random) -> None:
    world.events["west"].append(world.events["east"].pop(chance.randrange(5)))


def rename_event(world: World, chance: Random) -> None:
    one = world.events["west"][0]
    world.events["west"][0] = Own(UUID(int=chance.getrandbits(128)), one.event, one.salt)


def a_path(world: World, chance: Random) -> list[bytes]:
    _, path = chance.choice(list(world.included.values()))
    return chance.choice([path, world.consistent])


def change_proof(world: World, chance: Random) -> None:
    path = a_path(world, chance)
    place = chance.randrange(len(path))
    path[place] = flipped(path[place], chance)


def shorten_proof(world: World, chance: Random) -> None:
    path = a_path(world, chance)
    del path[chance.randrange(len(path))]


def lengthen_proof(world: World, chance: Random) -> None:
    path = a_path(world, chance)
    path.insert(chance.randrange(len(path) + 1), chance.choice(path))


def swap_proof(world: World, chance: Random) -> None:
    path = a_path(world, chance)
    one, two = chance.sample(range(len(path)), 2)
    path[one], path[two] = path[two], path[one]


def move_index(world: World, chance: Random) -> None:
    id = chance.choice(list(world.included))
    index, path = world.included[id]
    world.included[id] = (chance.choice([n for n in range(LEAVES) if n != index]), path)


MUTATIONS: list[Callable[[World, Random], None]] = [
    change_leaf,
    remove_leaf,
    repeat_leaf,
    swap_leaves,
    cut_log,
    rewrite_as_insider,
    sign_as_thief,
    change_note,
    drop_signature,
    tell_old_head,
    change_event,
    change_salt,
    lose_event,
    invent_event,
    give_event_away,
    rename_event,
    change_proof,
    shorten_proof,
    lengthen_proof,
    swap_proof,
    move_index,
]
START, MEMORY = world()


def test_nothing_is_wrong_with_the_world_as_it_is() -> None:
    wrong, memory = told_of(START, MEMORY)
    assert wrong == []
    assert memory is not None
    assert memory.size == LEAVES


def test_ten_thousand_random_mutations_are_all_noticed() -> None:
    chance = Random(20261121)
    missed: Counter[str] = Counter()
    for _ in range(TIMES):
        changed = START.copy()
        mutate = chance.choice(MUTATIONS)
        mutate(changed, chance)
        if not told_of(changed, MEMORY)[0]:
            missed[mutate.__name__] += 1
    assert missed == Counter()


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda one: one.__name__)
def test_it_is_said_what_is_wrong(mutate: Callable[[World, Random], None]) -> None:
    changed = START.copy()
    mutate(changed, Random(7))
    assert told_of(changed, MEMORY)[0]


def test_without_a_kept_head_an_insiders_rewrite_could_be_missed() -> None:
    """So the kept head does work: the same rewrite is noticed with it."""
    changed = START.copy()
    lost = changed.events["east"].pop(0)
    place, _ = changed.included.pop(lost.id)
    changed.leaves[place] = event_leaf(b"0" * 32)
    changed.note, changed.included, changed.consistent = signed(changed.leaves), {}, []
    events = Given([Signed.read(Told(LEAVES, changed.note))], {"east": changed.events["east"]})
    reading = Reading([KEPT, LEAVES])
    for leaf in changed.leaves:
        reading.take(leaf)
    assert judge(reading, events, None, NOW).wrong == []
    wrong = judge(reading, events, MEMORY, NOW).wrong
    assert any("was rewritten since you kept a head of 25 leaves" in one for one in wrong)
    assert any("east: of the first 25 leaves" in one for one in wrong)
    assert keys.fingerprint(public_of(FIRST)) in ORIGIN


class Withholding:
    """A log that shows leaves which no head covers: it may take them back at any time."""

    async def heads(self) -> list[Told]:
        return [Told(KEPT, signed(START.leaves[:KEPT]))]

    async def leaves(self, size: int) -> AsyncIterator[list[bytes]]:
        assert size == KEPT
        yield START.leaves

    async def differing(self, made: object) -> list[str]:
        return []

    async def altered(self, events: object) -> list[str]:
        return []

    async def events(self, branch: str | None) -> dict[str, list[Own]]:
        return {"east": START.events["east"]}


@pytest.mark.anyio
async def test_an_event_that_no_head_covers_does_not_stand_in_the_log() -> None:
    verdict = await verify(Withholding(), "east", None)
    places = {merkle.leaf_hash(leaf): place for place, leaf in enumerate(START.leaves)}
    withheld = [one for one in START.events["east"] if places[one.leaf] >= KEPT]
    assert [line.split()[2].rstrip(":") for line in verdict.wrong] == [
        str(one.id) for one in withheld
    ]
