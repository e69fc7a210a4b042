"""Inherited settings over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import Forbidden
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.identity import Principal, Role, starred
from pinakes.platform.paging import Page
from pinakes.tenants.registry import settings
from pinakes.tenants.registry.keys import key_of
from pinakes.tenants.registry.service import change
from pinakes.tenants.registry.tree import parental


class SettingNotYours(Forbidden):
    code = "setting_not_yours"
    title = "Your role may not decide this"


class SettingView(Struct):
    """What holds here. *origin* is ``own``, an ancestor's code, or ``default``."""

    key: str
    value: Any
    origin: str
    locked: bool
    default: Any
    zh: str
    en: str
    who: Role  # the least role that may decide

    @classmethod
    def of(cls, found: settings.Effective) -> "SettingView":
        key = key_of(found.key)
        default = msgspec.to_builtins(key.default)
        told = (found.key, found.value, found.origin, found.locked)
        return cls(*told, default, key.zh, key.en, key.who)


class Decide(Struct, forbid_unknown_fields=True):
    """A value for this branch and all below it; a locked one cannot be changed there."""

    value: Any
    locked: bool = False


def check_role(asker: Principal, name: str) -> None:
    """Some settings are decided for a branch, not by it."""
    needed = key_of(name).who
    order = list(Role)
    if max(order.index(role) for role in asker.roles) < order.index(needed):
        raise SettingNotYours(f"{name} is decided by the {needed}.", who=needed)


async def check_reach(public: AsyncSession, asker: Principal, here: int) -> None:
    """What is decided here holds in the branches below, too: who decides needs rights there."""
    reaches = Role.OPERATOR in asker.roles or Role.ADMINISTRATOR in asker.below
    if not reaches and await parental(public, here):
        detail = "It would hold in the branches below as well, where you may decide nothing."
        raise SettingNotYours(detail, who=starred(Role.ADMINISTRATOR))


class Settings(Controller):
    path = "/settings"
    tags = ("settings",)

    @get()
    async def list(self, session: Session, here: Here) -> Page[SettingView]:
        """Every setting, with where its value comes from."""
        found = await settings.all_effective(session, here.id)
        return Page([SettingView.of(one) for one in found])

    @get("/{key:str}")
    async def show(self, key: FromPath[str], session: Session, here: Here) -> SettingView:
        """One setting, with where its value comes from."""
        return SettingView.of(await settings.effective(session, here.id, key))

    @put("/{key:str}")
    async def decide(
        self, key: FromPath[str], data: JSONBody[Decide], here: Here, asker: Asker, database: Data
    ) -> SettingView:
        """Decide for this branch and all below it."""
        check_role(asker, key)
        async with change(database, asker, here.id, "settings.decide", subject=key) as public:
            await check_reach(public, asker, here.id)
            found = await settings.decide(public, here.id, key, data.value, locked=data.locked)
        return SettingView.of(found)

    @delete("/{key:str}", status_code=200)
    async def undecide(
        self, key: FromPath[str], here: Here, asker: Asker, database: Data
    ) -> SettingView:
        """Let the branches above decide again."""
        check_role(asker, key)
        async with change(database, asker, here.id, "settings.undecide", subject=key) as public:
            await check_reach(public, asker, here.id)
            found = await settings.undecide(public, here.id, key)
        return SettingView.of(found)
