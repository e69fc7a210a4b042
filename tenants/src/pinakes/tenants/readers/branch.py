"""The branch that a session is in, as far as cards need to know it."""

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

HERE = text("SELECT id, consortium_id, code FROM commons.tenant WHERE id = pinakes_tenant()")
CODES = text("SELECT id, code FROM commons.tenant WHERE id = ANY(:ids)")


class Branch(Struct, frozen=True):
    id: int
    consortium: int
    code: str


async def branch(session: AsyncSession) -> Branch:
    """Asked once per piece of work."""
    found = session.info.get("branch")
    if found is None:
        found = session.info["branch"] = Branch(*(await session.execute(HERE)).one())
    return found


async def codes(session: AsyncSession, ids: set[int]) -> dict[int, str]:
    """The public names of branches."""
    rows = await session.execute(CODES, {"ids": list(ids)})
    return {row.id: row.code for row in rows}
