"""Inherited settings: a value, where it comes from, and who locked it.

Who wins is decided in one place, ``commons.said``: hot functions ask it too.
"""

from typing import Any

from msgspec import Struct
from sqlalchemy import Boolean, Integer, String, bindparam, delete, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import Conflict
from pinakes.tenants.registry.keys import KEYS, checked, key_of
from pinakes.tenants.registry.models import Setting

OWN = "own"
DECIDED = (
    text("""
        SELECT d.key, d.value, d.locked,
               CASE WHEN d.origin = :tenant THEN 'own' ELSE coalesce(t.code, 'default') END
                   AS origin
        FROM commons.decided(:tenant, :keys) d LEFT JOIN commons.tenant t ON t.id = d.origin
    """)
    .bindparams(bindparam("keys", type_=ARRAY(String)), bindparam("tenant", type_=Integer))
    .columns(key=String, value=JSONB, locked=Boolean, origin=String)
)


class SettingLocked(Conflict):
    code = "setting_locked"
    title = "A branch above has decided this"


class Effective(Struct):
    """What holds at a branch. *origin* is ``own``, an ancestor's code, or ``default``."""

    key: str
    value: Any
    origin: str
    locked: bool  # by *origin*: no branch below it may say otherwise


async def effective(session: AsyncSession, tenant: int, key: str) -> Effective:
    """What holds at *tenant*, and why."""
    return (await all_effective(session, tenant, key))[0]


async def all_effective(session: AsyncSession, tenant: int, *keys: str) -> list[Effective]:
    """The same for several keys (none named: all of them) in one look."""
    wanted = [*(keys or KEYS)]
    for key in wanted:
        key_of(key)
    rows = (await session.execute(DECIDED, {"tenant": tenant, "keys": wanted})).mappings()
    found = {row["key"]: Effective(**row) for row in rows}
    return [found[key] for key in wanted]


async def decide(
    public: AsyncSession, tenant: int, key: str, value: Any, *, locked: bool = False
) -> Effective:
    """Let *tenant* decide for itself and all below it, unless a branch above has locked the key."""
    value = checked(key_of(key), value)
    await refuse_locked(public, tenant, key)
    row = insert(Setting).values(tenant_id=tenant, key=key, value=value, locked=locked)
    await public.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "key"], set_={"value": value, "locked": locked}
        )
    )
    return Effective(key, value, OWN, locked)


async def undecide(public: AsyncSession, tenant: int, key: str) -> Effective:
    """Let the branches above decide again; that nothing was decided is no error."""
    key_of(key)
    await refuse_locked(public, tenant, key)
    await public.execute(delete(Setting).where(Setting.tenant_id == tenant, Setting.key == key))
    return await effective(public, tenant, key)


async def refuse_locked(session: AsyncSession, tenant: int, key: str) -> None:
    """Raise SettingLocked when a branch above *tenant* has locked *key*."""
    found = await effective(session, tenant, key)
    if found.locked and found.origin != OWN:
        raise SettingLocked(f"{found.origin} has locked {key}.", key=key, origin=found.origin)
