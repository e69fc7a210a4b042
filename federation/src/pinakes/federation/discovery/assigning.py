"""Which edition each record of a batch belongs to; what it takes to remember that."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.meeting import Home, Marks, Rule, keys, meet
from pinakes.platform.db import to_json, uuid7

KNOWN = text("""
    SELECT key, edition_id, numbered, title FROM commons.edition_mark
    WHERE consortium_id = :consortium AND key = ANY(:keys)
""")
EDITIONS = text("""
    INSERT INTO commons.edition (id, consortium_id)
    SELECT id, :consortium FROM unnest(CAST(:ids AS uuid[])) AS t (id) ON CONFLICT (id) DO NOTHING
""")
MARKS = text("""
    INSERT INTO commons.edition_mark AS m (consortium_id, key, edition_id, numbered, title)
    SELECT :consortium, key, edition, numbered, title
    FROM jsonb_to_recordset(:rows)
         AS t (key text, edition uuid, numbered boolean, title text) ORDER BY key
    ON CONFLICT (consortium_id, key) DO UPDATE SET numbered = m.numbered OR excluded.numbered
    RETURNING key, edition_id
""")


class Placed(NamedTuple):
    """Where a record belongs, and why."""

    edition: UUID
    rule: Rule


async def assign(
    public: AsyncSession,
    consortium: int,
    records: Mapping[UUID, Marks],
    choices: Mapping[UUID, Placed],
) -> dict[UUID, Placed]:
    """An edition for each record: the chosen one, the one that it meets, or one of its own."""
    asked = {"consortium": consortium, "keys": keys(records.values())}
    before = {key: Home(*home) for key, *home in await public.execute(KNOWN, asked)}
    known = dict(before)
    assigned = {id: place(marks, choices.get(id), known) for id, marks in records.items()}
    there = {home.edition for home in before.values()}
    begun = {met.edition for met in assigned.values()} - there
    if begun:
        await public.execute(EDITIONS, {"consortium": consortium, "ids": list(begun)})
    new = {key: home for key, home in known.items() if before.get(key) != home}
    moved = await remember(public, consortium, new) if new else {}
    moved = {ours: theirs for ours, theirs in moved.items() if ours in begun}
    return {
        id: Placed(moved.get(one.edition, one.edition), one.rule) for id, one in assigned.items()
    }


def place(marks: Marks, choice: Placed | None, known: dict[str, Home]) -> Placed:
    """Where one record belongs; what it brings to its edition is *known* from now on."""
    if choice:
        return choice
    met = meet(marks, known)
    edition = met.edition or uuid7()
    own = Home(edition, bool(marks.numbers), marks.title)
    for mark in marks.all:
        home = known.setdefault(mark.key, own)
        if home.edition == edition and marks.numbers and not home.numbered:
            known[mark.key] = home._replace(numbered=True)
        elif home.edition != edition and mark.narrow:
            known.setdefault(mark.narrow, own)
    return Placed(edition, met.rule)


async def remember(
    public: AsyncSession, consortium: int, new: Mapping[str, Home]
) -> dict[UUID, UUID]:
    """Write what editions are known by.

    Returns those of ours in whose stead another branch has just begun one, each with theirs.
    """
    rows = [
        {"key": key, "edition": home.edition, "numbered": home.numbered, "title": home.title}
        for key, home in new.items()
    ]
    found = await public.execute(MARKS, {"consortium": consortium, "rows": to_json(rows)})
    return {new[key].edition: owner for key, owner in found if new[key].edition != owner}
