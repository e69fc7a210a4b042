"""Which records of a branch say the same, and which are too many to be compared two by two."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.tenants.catalogue.alike import ARTICLES
from pinakes.tenants.catalogue.ready import LIVE

MOST = 50  # records of one group
TOLD = 20  # groups that are named

SHOWN = f"state = '{LIVE}' AND NOT withdrawn"
GROUPS = """
    SELECT {key} AS key, CASE WHEN count(*) <= :most THEN array_agg(id ORDER BY id) END AS ids
    FROM record WHERE {shown} AND {key} <> '' GROUP BY 1
    HAVING count(*) > :most OR (count(*) > 1 AND {fresh})
"""
PARTS = """
    SELECT {key} AS key, {within} AS within, count(*) AS records,
           (array_agg(id ORDER BY id))[1 : :most] AS ids,
           (array_agg(title_fields ->> 'title' ORDER BY id))[1] AS title
    FROM record WHERE {shown} AND {key} = ANY(:large) AND {within} IS NOT NULL GROUP BY 1, 2
    HAVING count(*) > :most OR (count(*) > 1 AND {fresh})
    ORDER BY 3 DESC, 1, 2
"""
ALWAYS, SINCE = "true", "max(changed_at) >= :since"

type Group = Sequence[UUID]


class Key(NamedTuple):
    """What records share (SQL), and what those of a large group have to share besides."""

    said: str
    within: str


BARE = f"regexp_replace(sort_key, '^(({'|'.join(ARTICLES)}) )+(?=.)', '')"
NUMBER = Key("isbn13", BARE)
NAME = Key(BARE, "title_fields ->> 'year'")  # the rule without a number asks for the same one


class TooMany(Struct):
    """Records that nobody compares: the oldest one's title, what all share, and how many."""

    title: str
    said: str  # an ISBN, or a year
    records: int


class Grouped(NamedTuple):
    """The groups to compare, and those that are too large for it, the largest first."""

    groups: list[Group]
    passed: list[TooMany]


async def grouped(session: AsyncSession, key: Key, since: datetime | None) -> Grouped:
    """The records that say the same, the oldest first, one of them changed *since*.

    What too many say is parted by what they say besides; ``passed`` is told whatever has changed.
    """
    fresh = SINCE if since else ALWAYS
    words = {"key": key.said, "within": key.within, "shown": SHOWN, "fresh": fresh}
    given = {"most": MOST} | ({"since": since} if since else {})
    rows = (await session.execute(text(GROUPS.format(**words)), given)).all()
    groups: list[Group] = [row.ids for row in rows if row.ids]
    large = [row.key for row in rows if not row.ids]
    if not large:
        return Grouped(groups, [])
    parts = await session.execute(text(PARTS.format(**words)), {**given, "large": large})
    passed: list[TooMany] = []
    for row in parts:
        if row.records <= MOST:
            groups.append(row.ids)
        else:
            said = row.key if key is NUMBER else row.within
            passed.append(TooMany(row.title, said, row.records))
    return Grouped(groups, passed)
