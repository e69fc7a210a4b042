"""Inherited settings: a value, where it comes from, and who locked it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from pinakes.platform.errors import Conflict
from pinakes.tenants.registry.keys import KEYS, checked, key_of
from pinakes.tenants.registry.models import Setting, Tenant

OWN = "own"
DEFAULT = "default"


class SettingLocked(Conflict):
    code = "setting_locked"
    title = "A branch above has decided this"


class Effective(Struct):
    """What holds at a branch. *origin* is ``own``, an ancestor's code, or ``default``."""

    key: str
    value: Any
    origin: str
    locked: bool  # by *origin*: no branch below it may say otherwise


class Decision(Struct):
    """What one branch on the way from the root has decided."""

    origin: str
    value: Any
    locked: bool


type Decisions = Mapping[str, Sequence[Decision]]


async def effective(session: AsyncSession, tenant: int, key: str) -> Effective:
    """What holds at *tenant*, and why."""
    return (await all_effective(session, tenant, key))[0]


async def all_effective(session: AsyncSession, tenant: int, *keys: str) -> list[Effective]:
    """The same for several keys (none named: all of them) in one look."""
    decided = await decisions(session, tenant)
    return [settle(key, decided.get(key, ())) for key in keys or KEYS]


def settle(key: str, decided: Sequence[Decision]) -> Effective:
    """The topmost lock wins, else the nearest decision, else the default."""
    if not decided:
        return Effective(key, to_builtins(key_of(key).default), DEFAULT, locked=False)
    locks = [decision for decision in decided if decision.locked]
    winner = locks[0] if locks else decided[-1]
    return Effective(key, winner.value, winner.origin, winner.locked)


async def decisions(session: AsyncSession, tenant: int) -> Decisions:
    """All that *tenant* and its ancestors have decided, from the root down."""
    here, there = aliased(Tenant), aliased(Tenant)
    rows = await session.execute(
        select(there, Setting)
        .select_from(here)
        .join(there, there.id == func.any(here.path))
        .join(Setting, Setting.tenant_id == there.id)
        .where(here.id == tenant)
        .order_by(func.cardinality(there.path))
    )
    found: dict[str, list[Decision]] = {}
    for branch, setting in rows:
        origin = OWN if branch.id == tenant else branch.code
        decision = Decision(origin, setting.value, setting.locked)
        found.setdefault(setting.key, []).append(decision)
    return found


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
