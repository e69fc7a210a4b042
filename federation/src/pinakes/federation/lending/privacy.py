"""Some time after its end nobody knows whose request it was, nor what its reader wrote."""

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Interval

from pinakes.platform.db import Database
from pinakes.platform.turns import in_turn
from pinakes.tenants.circulation.history import window

AWAY = text("""
    UPDATE request_party
    SET facts = facts - ARRAY['person', 'alias', 'label', 'reader_note', 'note', 'notes'],
        said = NULL
    WHERE over AND changed_at < now() - :window
      AND facts ?| ARRAY['person', 'alias', 'label', 'notes']
""").bindparams(bindparam("window", type_=Interval()))
# What ended before the window was made before it, too: that an index tells, and a step of a
# request need not move it there.
HOME = text("""
    UPDATE request r SET person_id = NULL, note = ''
    WHERE over AND person_id IS NOT NULL
      AND created_at < now() - :window AND changed_at < now() - :window AND NOT EXISTS
        (SELECT FROM standing s WHERE s.person_id = r.person_id AND s.keep_history)
""").bindparams(bindparam("window", type_=Interval()))


async def cut(session: AsyncSession, tenant: int) -> None:
    """Cut the reader from what ended before the branch's window."""
    told = {"window": await window(session, tenant)}
    for order in (AWAY, HOME):
        await session.execute(order, told)


async def cut_old(database: Database) -> None:
    """Cut readers from requests that ended long enough ago."""
    await in_turn(database, cut)
