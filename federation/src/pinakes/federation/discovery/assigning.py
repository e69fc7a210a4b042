"""Which edition each record of a batch belongs to; what it takes to remember that."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pinakes.federation.discovery.meeting import Home, Marks, Rule, keys, meet
from pinakes.platform.db import uuid7

KNOWN = """
    SELECT key, edition_id, numbered, title FROM commons.edition_mark
    WHERE consortium_id = $1 AND key = ANY($2)
"""
EDITIONS = """
    INSERT INTO commons.edition (id, consortium_id)
    SELECT id, $1 FROM unnest($2::uuid[]) AS t (id) ON CONFLICT (id) DO NOTHING
"""
TAKE_BACK = """
    DELETE FROM commons.edition_mark
    WHERE consortium_id = $1 AND edition_id = ANY($2) AND key = ANY($3)
"""
MARKS = """
    INSERT INTO commons.edition_mark AS m (consortium_id, key, edition_id, numbered, title)
    SELECT $1, key, edition, numbered, title
    FROM unnest($2::text[], $3::uuid[], $4::boolean[], $5::text[])
         AS t (key, edition, numbered, title) ORDER BY key
    ON CONFLICT (consortium_id, key) DO UPDATE SET numbered = m.numbered OR excluded.numbered
    RETURNING key, edition_id
"""


NOTHING: Mapping[UUID, UUID] = {}


class Placed(NamedTuple):
    """Where a record belongs, and why."""

    edition: UUID
    rule: Rule


class Own(NamedTuple):
    """The edition of which a record is the only one, and what it was met by until now."""

    edition: UUID
    marks: Marks


async def take_back(
    public: Any, consortium: int, alone: Mapping[UUID, Own], records: Mapping[UUID, Marks]
) -> dict[UUID, UUID]:
    """Let nothing lead any more to editions whose only record says something else now.

    Those editions: each stays its record's own, unless it meets another one.
    """
    changed = {
        id: own for id, own in alone.items() if set(keys([own.marks])) != set(keys([records[id]]))
    }
    own = {id: one.edition for id, one in changed.items()}
    if own:
        led = keys(one.marks for one in changed.values())
        await public.execute(TAKE_BACK, consortium, list(own.values()), led)
    return own


async def assign(
    public: Any,
    consortium: int,
    records: Mapping[UUID, Marks],
    choices: Mapping[UUID, Placed],
    own: Mapping[UUID, UUID] = NOTHING,
) -> dict[UUID, Placed]:
    """An edition for each record: the chosen one, the one that it meets, or one of its *own*.

    *public* is the driver's connection: an import sends a thousand records at once. When another
    branch has just given a mark a home, all is looked at once more, with that home known.
    """
    while True:
        found = await public.fetch(KNOWN, consortium, keys(records.values()))
        before = {key: Home(*home) for key, *home in found}
        known = dict(before)
        assigned = {
            id: place(records[id], choices.get(id), known, own.get(id))
            for id in (*own, *(one for one in records if one not in own))  # to be met by others
        }
        there = {home.edition for home in before.values()}
        begun = {met.edition for met in assigned.values()} - there
        new = {key: home for key, home in known.items() if before.get(key) != home}
        if await remember(public, consortium, begun, new):
            return assigned


def place(
    marks: Marks, choice: Placed | None, known: dict[str, Home], own: UUID | None = None
) -> Placed:
    """Where one record belongs; what it brings to its edition is *known* from now on."""
    if choice:
        return choice
    met = meet(marks, known)
    edition = met.edition or own or uuid7()
    here = Home(edition, bool(marks.numbers), marks.title)
    for mark in marks.all:
        home = known.setdefault(mark.key, here)
        if home.edition == edition and marks.numbers and not home.numbered:
            known[mark.key] = home._replace(numbered=True)
        elif home.edition != edition and mark.narrow:
            known.setdefault(mark.narrow, here)
    return Placed(edition, met.rule)


async def remember(
    public: Any, consortium: int, begun: Collection[UUID], new: Mapping[str, Home]
) -> bool:
    """Write what editions are known by; false, and nothing is written, when others were faster."""
    attempt = public.transaction()
    await attempt.start()
    if begun:
        await public.execute(EDITIONS, consortium, begun)
    rows = [(key, *home) for key, home in new.items()]
    found: list[tuple[str, UUID]] = []
    if rows:
        found = await public.fetch(MARKS, consortium, *zip(*rows, strict=True))
    if any(new[key].edition != owner for key, owner in found):
        await attempt.rollback()
        return False
    await attempt.commit()
    return True
