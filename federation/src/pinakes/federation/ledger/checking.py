"""Checking what was read of a log against heads, memory and own events. Pure.

Every check says in a sentence what it found; no sentence means that nothing is wrong.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec import Struct

from pinakes.federation.ledger import keys
from pinakes.federation.ledger.keys import Announcement
from pinakes.federation.ledger.leaves import hash_of_event
from pinakes.federation.ledger.notes import COSIGNER, Checkpoint, Key, opened
from pinakes.federation.ledger.reading import Reading
from pinakes.platform.words import counted

PATIENCE = timedelta(minutes=1)  # an event that waits longer for its place has been withheld


class Own(Struct, frozen=True):
    """An event as its branch keeps it."""

    id: UUID
    event: str
    salt: bytes

    @property
    def leaf(self) -> bytes:
        return hash_of_event(self.salt, self.event)


class Line(Struct, frozen=True):
    """Which line of the audit log says who did it, as far as an event tells that."""

    audit: str | None = None


class Accounted(Struct, frozen=True):
    facts: Line


class Past(Struct, frozen=True):
    """Which of the first *size* leaves were a branch's when it was last checked."""

    size: int
    count: int
    digest: str


class Memory(Struct, frozen=True):
    """What a member keeps between two checks: all that it needs to notice another history."""

    origin: str
    key: str  # the log's first
    size: int
    root: str
    branches: dict[str, Past] = {}


class Told(Struct, frozen=True):
    """A head as it was given to us, and the keys of branches that are said to have signed it."""

    size: int
    note: str
    cosigners: Mapping[str, bytes] = {}


class Signed(Struct, frozen=True):
    """The same, read."""

    head: Checkpoint
    lines: Sequence[str]
    cosigners: Mapping[str, bytes]

    @classmethod
    def read(cls, told: Told) -> Self:
        """Raises NotANote."""
        text, lines = opened(told.note)
        return cls(Checkpoint.read(text), lines, told.cosigners)


class Given(Struct, frozen=True):
    """What is checked besides the leaves."""

    heads: Sequence[Signed]  # the newest last; at least one
    events: Mapping[str, Sequence[Own]] = {}  # of these branches
    whole: bool = False  # those are all branches of the cell


class Verdict(Struct, frozen=True):
    """What is wrong, if anything; and what to keep for the next time if nothing is."""

    head: Checkpoint
    wrong: Sequence[str]
    memory: Memory | None


def judge(reading: Reading, given: Given, memory: Memory | None, moment: datetime) -> Verdict:
    """Everything that can be said about a log after all its leaves have been read."""
    chain, newest = reading.chain(), given.heads[-1].head
    wrong = [*reading.wrong, *check_first_key(chain), *check_roots(reading, given.heads)]
    for signed in given.heads:
        wrong += check_head(chain, signed)
    if memory:
        wrong += check_memory(reading, chain, newest, memory)
    claimed: list[int] = []
    past: dict[str, Past] = {}
    for branch, events in given.events.items():
        found, places = check_own(reading, branch, events, moment)
        wrong += found + (check_past(branch, places, memory) if memory else [])
        past[branch] = past_of(newest.size, places)
        claimed += places
    if given.whole:
        wrong += check_claims(reading, claimed)
    if wrong or not chain:
        return Verdict(newest, wrong or ["the log has no leaf"], None)
    kept = {**(memory.branches if memory else {}), **past}
    first = chain[0]
    return Verdict(
        newest, [], Memory(first.origin, first.key, newest.size, newest.root.hex(), kept)
    )


def check_roots(reading: Reading, heads: Sequence[Signed]) -> list[str]:
    """The first head whose root the leaves do not make; those after it follow from it."""
    told = ((one.head.size, reading.root_differs(one.head.size, one.head.root)) for one in heads)
    differing = [(size, differs) for size, differs in told if differs]
    wrong = [f"head of {counted(size, 'leaves')}: {differs}" for size, differs in differing[:1]]
    if len(differing) > 1:
        wrong.append(f"and so for {len(differing) - 1} more heads, to that of {differing[-1][0]}")
    return wrong


def check_head(chain: Sequence[Announcement], signed: Signed) -> list[str]:
    """The signatures under one head: the log's, and those of cosigners."""
    head, wrong = signed.head, list[str]()
    if chain and head.size:
        key = keys.signer(chain, head.size)
        if head.origin != key.name:
            wrong.append(f"it is of the log {head.origin}, and the leaves are of {key.name}")
        if not any(key.signed(head.text, line) for line in signed.lines):
            wrong.append(f"it is not signed by the log's key {key.public.hex()}")
    for branch, public in signed.cosigners.items():
        key = cosigner(head.origin, branch, public)
        if not any(key.signed(head.text, line) for line in signed.lines):
            wrong.append(f"the cosignature of {branch} does not hold")
    return [f"head of {counted(head.size, 'leaves')}: {one}" for one in wrong]


def cosigner(origin: str, branch: str, key: bytes) -> Key:
    """The key with which *branch* cosigns the log *origin*."""
    return Key(f"{origin}/{branch}", key, COSIGNER)


def check_first_key(chain: Sequence[Announcement]) -> list[str]:
    """A log is called after its first key."""
    if chain and not chain[0].origin.endswith(f"/{keys.fingerprint(chain[0].public)}"):
        return [f"the first key is not the one that the log {chain[0].origin} is called after"]
    return []


def check_memory(
    reading: Reading, chain: Sequence[Announcement], head: Checkpoint, memory: Memory
) -> list[str]:
    """Whether the log goes on from the head that was kept."""
    if wrong := check_kept(chain, head, memory):
        return wrong
    if differs := reading.root_differs(memory.size, bytes.fromhex(memory.root)):
        return [f"{rewritten(memory)}: {differs}"]
    return []


def check_kept(chain: Sequence[Announcement], head: Checkpoint, memory: Memory) -> list[str]:
    """Whether it is the log that a head was kept of, and not shorter than that."""
    if chain and (chain[0].origin, chain[0].key) != (memory.origin, memory.key):
        return [f"this is another log than the one you kept a head of ({memory.origin})"]
    if head.size < memory.size:
        return [f"the log has shrunk: you kept a head of {counted(memory.size, 'leaves')}"]
    return []


def rewritten(memory: Memory) -> str:
    return f"the log was rewritten since you kept a head of {counted(memory.size, 'leaves')}"


def check_own(
    reading: Reading, branch: str, events: Sequence[Own], moment: datetime
) -> tuple[list[str], list[int]]:
    """A branch's events: what is wrong, and where in the log they stand."""
    wrong: list[str] = []
    places: list[int] = []
    for own in events:
        told = read(own)
        if told.get("id") != str(own.id) or told.get("branch") != branch:
            wrong.append(f"event {own.id}: its text is of another event or branch")
        place = reading.places.get(own.leaf)
        if place is not None:
            places.append(place)
        elif not recent(told, moment):
            wrong.append(f"event {own.id}: with this text and salt it does not stand in the log")
    if len(set(places)) < len(places):
        wrong.append("two events claim the same leaf")
    return [f"{branch}: {one}" for one in wrong], places


def check_audit(branch: str, events: Sequence[Own], kept: Collection[str]) -> list[str]:
    """Events whose line in the audit log (who did it) is not as it was; *kept*: digests of all."""
    told = ((own.id, audited(own)) for own in events)
    return [
        f"{branch}: event {id}: the audit log says no more, or otherwise, who did it"
        for id, digest in told
        if digest is not None and digest not in kept
    ]


def audited(own: Own) -> str | None:
    """The digest of its line in the audit log, if the event names one."""
    try:
        return msgspec.json.decode(own.event, type=Accounted).facts.audit
    except (msgspec.DecodeError, UnicodeError):
        return None


def read(own: Own) -> dict[str, Any]:
    try:
        return msgspec.json.decode(own.event, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        return {}


def recent(told: Mapping[str, Any], moment: datetime) -> bool:
    """Whether an event may still be on its way into the log."""
    try:
        at = datetime.fromisoformat(told["at"])
        return abs(moment - at) < PATIENCE
    except (KeyError, TypeError, ValueError):
        return False


def check_past(branch: str, places: Sequence[int], memory: Memory) -> list[str]:
    """Whether a branch's events of the time of the kept head are those of today."""
    past = memory.branches.get(branch)
    if past is None:
        return []
    now = past_of(past.size, places)
    if now == past:
        return []
    first = counted(past.size, "leaves")
    return [
        f"{branch}: of the first {first} {past.count} were its events when you last"
        f" looked, now {now.count}" + (", and not the same" if now.count == past.count else "")
    ]


def past_of(size: int, places: Iterable[int]) -> Past:
    """Which of the first *size* leaves are a branch's own, in few bytes."""
    own = sorted(place for place in places if place < size)
    told = sha256(b"".join(place.to_bytes(8) for place in own))
    return Past(size, len(own), told.hexdigest())


def check_claims(reading: Reading, claimed: Sequence[int]) -> list[str]:
    """That every event's leaf belongs to exactly one of all branches' events."""
    wrong: list[str] = []
    if len(set(claimed)) < len(claimed):
        wrong.append("two branches claim the same leaf")
    keys_at = {place for place, _ in reading.announcing}
    orphans = sorted(set(range(reading.tree.size)) - set(claimed) - keys_at)
    return wrong + [f"leaf {place} belongs to no event of any branch" for place in orphans]
