"""What a branch takes along of what the registry knows of it."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.registry.models import Setting, Tenant

KNOWN = ("code", "kind", "name_zh", "name_en", "zone", "latitude", "longitude", "host")


async def branch_told(session: AsyncSession, rows: Sequence[Tenant]) -> list[Line]:
    above = {row.parent_id for row in rows}
    found = await session.execute(select(Tenant.id, Tenant.code).where(Tenant.id.in_(above)))
    codes = {one.id: one.code for one in found}
    return [{**plain(row, *KNOWN), "parent": codes.get(row.parent_id)} for row in rows]


async def settings_told(session: AsyncSession, rows: Sequence[Setting]) -> list[Line]:
    return [plain(row, "key", "value", "locked") for row in rows]


BELONGINGS = (
    Belonging(
        name="branch.jsonl",
        zh="本馆：代码、名称、类型、上级馆、时区、位置",
        en="The branch: code, names, kind, the branch above, time zone, place",
        rows=select(Tenant).where(Tenant.id == func.pinakes_tenant()),
        key=Tenant.id,
        first=0,
        told=branch_told,
    ),
    Belonging(
        name="settings.jsonl",
        zh="本馆自己的设置和政策（外借规则、日历、供书办法、通知文字等）；从上级继承的不在内",
        en="What the branch itself has decided (loan rules, calendar, terms of supply, words of "
        "notices …); what it inherits is not here",
        rows=select(Setting).where(Setting.tenant_id == func.pinakes_tenant()),
        key=Setting.key,
        first="",
        told=settings_told,
    ),
)
