"""What somebody who has typed so much may be about to ask: titles, names, subjects. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from pinakes.federation.discovery.document import Shown
from pinakes.federation.discovery.wording import initials, worded
from pinakes.platform import text

KINDS = {"title": 0, "name": 1, "subject": 2}


class Suggestion(Struct, frozen=True):
    """Words to ask for, and what they are: title, name or subject."""

    text: str
    kind: str


def suggestions(typed: str, found: Sequence[Shown], most: int) -> list[Suggestion]:
    """Those texts of *found* that go on as typed: what begins so first, and titles first."""
    ranks: dict[str, int] = {}
    known: dict[str, Suggestion] = {}
    counts: Counter[str] = Counter()
    for one in found:
        for kind, value in texts(one):
            nearness = rank(typed, value)
            if nearness is not None:
                key = text.key(value)
                known.setdefault(key, Suggestion(value, kind))
                ranks.setdefault(key, nearness)
                counts[key] += 1
    best = sorted(known, key=lambda key: (ranks[key], KINDS[known[key].kind], -counts[key]))
    return [known[key] for key in best[:most]]


def texts(one: Shown) -> Iterator[tuple[str, str]]:
    yield "title", one.title
    for name in one.names:
        yield "name", name
    for subject in one.subjects:
        yield "subject", subject


def rank(typed: str, value: str) -> int | None:
    """How nearly a text goes on as typed.

    0: that is all of it; 1: it begins so; 2: its pinyin or its first letters do; 3: it has it.
    """
    key, said = text.key(typed), worded(value)
    if said.key.startswith(key):
        return int(said.key != key)
    if said.sound.startswith(key) or any(one.startswith(key) for one in initials(said)):
        return 2
    *whole, last = text.grams(text.fold(typed)) or [""]
    begun = last and any(word.startswith(last) for line in said.lines for word in line.split())
    return 3 if begun and set(said.row.split()).issuperset(whole) else None
