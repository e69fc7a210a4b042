"""A small country, titles that its branches hold, and branches that decide."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import MakeTenant
from sqlalchemy import text

from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.registry.settings import decide

type Country = dict[str, Tenant]
type Settle = Callable[..., Awaitable[None]]
type Held = Callable[..., Awaitable[UUID]]

EDITION = text("""
    INSERT INTO commons.edition (id, consortium_id)
    VALUES (:id, (SELECT consortium_id FROM commons.tenant WHERE id = :tenant))
    ON CONFLICT DO NOTHING
""")
HOLDING = text("""
    INSERT INTO commons.holding (tenant_id, record_id, edition_id, title_fields, call_numbers,
                                 items, available, lendable, kinds)
    VALUES (:tenant, :record, :id, '{}', '{}', 9, :copies, :copies,
            jsonb_build_object(CAST(:kind AS text), CAST(:copies AS integer)))
    ON CONFLICT (tenant_id, record_id) DO UPDATE SET
        available = excluded.available, lendable = excluded.lendable, kinds = excluded.kinds
""")


@pytest.fixture
async def country(make_tenant: MakeTenant, settle: Settle) -> Country:
    """Two provinces, ``one`` with a city of two counties, ``two`` with a county ``far`` away."""
    hub = await make_tenant(kind="hub")
    one, two = await make_tenant(hub, kind="province"), await make_tenant(hub, kind="province")
    city, far_city = await make_tenant(one, kind="city"), await make_tenant(two, kind="city")
    counties = {"home": await make_tenant(city), "sister": await make_tenant(city)}
    found = {"hub": hub, "one": one, "two": two, "city": city, "far": await make_tenant(far_city)}
    await settle(hub, "calendar.closed_weekdays", [])
    return found | counties


@pytest.fixture
def settle(database: Database) -> Settle:
    """Lets a branch decide."""

    async def settle(tenant: Tenant, key: str, value: Any) -> None:
        async with public_work(database.public) as public:
            await decide(public, tenant.id, key, value)

    return settle


@pytest.fixture
def held(database: Database) -> Held:
    """Makes a title that these branches hold."""

    async def held(
        *tenants: Tenant, copies: int = 1, edition: UUID | None = None, kind: str = "book"
    ) -> UUID:
        id = edition or uuid4()
        async with public_work(database.public) as public:
            for tenant in tenants:
                row = {"id": id, "tenant": tenant.id, "copies": copies, "kind": kind}
                record = UUID(int=id.int ^ tenant.id)
                await public.execute(EDITION, row)
                await public.execute(HOLDING, row | {"record": record})
        return id

    return held
