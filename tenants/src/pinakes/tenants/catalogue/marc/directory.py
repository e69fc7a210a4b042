"""The walk through one ISO 2709 record: from its bytes to leader, tags and field bytes."""

from itertools import accumulate, chain
from typing import Any, NamedTuple

FIELD_END = b"\x1e"
LEADER_LENGTH = 24
ENTRY = 12
WRITTEN = "%s%04d%05d"  # an entry: tag, length, start


class Unreadable(Exception):
    """The piece is no record; carries the reason's code and facts."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


class Walked(NamedTuple):
    """A record taken apart; ``parts`` are the fields' bytes without their terminators."""

    leader: str
    tags: list[str]
    parts: list[bytes]
    repairs: tuple[str, ...]


def walk(raw: bytes) -> Walked:
    """Take one record apart.

    Raises:
        Unreadable: it cannot be told which bytes belong to which field.
    """
    repairs: list[str] = []
    if raw[-1:] != b"\x1d":
        repairs.append("terminator_missing")
    elif raw[:5] != b"%05d" % len(raw):
        repairs.append("length_corrected")
    base = _base(raw, repairs)
    directory = raw[LEADER_LENGTH : base - 1].decode("latin-1")
    if not (directory.isascii() and directory.isprintable()):
        raise Unreadable("directory_unreadable")
    leader = _leader(raw[:LEADER_LENGTH])
    tags = [directory[at : at + 3] for at in range(0, len(directory), ENTRY)]
    parts = _parts(raw, base, directory, tags, repairs)
    return Walked(leader, tags, parts, tuple(repairs))


def _base(raw: bytes, repairs: list[str]) -> int:
    """Where the data begins: what the leader says when that is true, else after the directory."""
    end = raw.find(FIELD_END)
    if end < LEADER_LENGTH or (end - LEADER_LENGTH) % ENTRY:
        raise _no_directory(raw)
    if end == LEADER_LENGTH:
        raise Unreadable("empty_record")
    if raw[12:17] != b"%05d" % (end + 1):
        repairs.append("base_corrected")
    return end + 1


def _no_directory(raw: bytes) -> Unreadable:
    if raw[-1:] != b"\x1d":
        return Unreadable("cut_off")
    if len(raw) <= LEADER_LENGTH + 1:
        return Unreadable("leader_unreadable" if len(raw) <= LEADER_LENGTH else "empty_record")
    return Unreadable("directory_unreadable")


def _leader(raw: bytes) -> str:
    """The leader's letters; control characters count as blanks."""
    if not raw.isascii():
        raise Unreadable("leader_unreadable")
    leader = raw.decode("ascii")
    if leader.isprintable():
        return leader
    return "".join(letter if letter.isprintable() else " " for letter in leader)


def _parts(
    raw: bytes, base: int, directory: str, tags: list[str], repairs: list[str]
) -> list[bytes]:
    """The fields in the directory's order."""
    body = raw[base:].removesuffix(b"\x1d")
    parts = body.split(FIELD_END)
    last = parts.pop()
    if last and body[-1:] != FIELD_END:
        parts.append(last)
    if len(parts) == len(tags) and directory == _in_order(parts, tags):
        return parts
    by_position = _by_position(body, directory)
    if by_position is not None:
        return by_position
    if len(parts) * ENTRY != len(directory):
        raise Unreadable("directory_unreadable")
    if _is_cut(last, directory):
        raise Unreadable(
            "cut_off" if "terminator_missing" in repairs else "truncated",
            declared=stated(raw),
            actual=len(raw),
        )
    repairs.append("directory_rebuilt")
    return parts


def stated(raw: bytes) -> str:
    """The length that the leader gives, as far as it can be shown: no database takes a NUL."""
    return "".join(filter(str.isprintable, raw[:5].decode("latin-1"))).lstrip("0") or "0"


def _is_cut(last: bytes, directory: str) -> bool:
    """Whether what follows the last end mark of a field is less than the directory says."""
    stated = directory[-9:-5]
    return last != b"" and stated.isdecimal() and len(last) + 1 < int(stated)


def _in_order(parts: list[bytes], tags: list[str]) -> str:
    """The directory of these fields when they lie one behind the other."""
    lengths = [len(part) + 1 for part in parts]
    entries = zip(tags, lengths, accumulate(lengths, initial=0), strict=False)
    return WRITTEN * len(parts) % tuple(chain.from_iterable(entries))


def _by_position(body: bytes, directory: str) -> list[bytes] | None:
    """The fields where the directory says they lie, or None when one would not end in a mark."""
    parts: list[bytes] = []
    for at in range(0, len(directory), ENTRY):
        length, start = directory[at + 3 : at + 7], directory[at + 7 : at + ENTRY]
        if not (length.isdecimal() and start.isdecimal()):
            return None
        end = int(start) + int(length) - 1
        part = body[int(start) : end]
        if body[end : end + 1] != FIELD_END or FIELD_END in part:
            return None
        parts.append(part)
    return parts if sum(map(len, parts)) + len(parts) >= len(body) else None
