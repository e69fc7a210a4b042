"""Branches over HTTP rest, go on, move and leave; what they are changes with them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from moving import act, arrived, body, child, line, moved_in, settled
from served import refused
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.admin import organization
from pinakes.platform.audit import Audit
from pinakes.platform.carrier import carry
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.messages import Event, Message, emit
from pinakes.tenants.registry import service
from pinakes.tenants.registry.machine import Kind

pytestmark = pytest.mark.anyio

type Headers = dict[str, str]


class Knocked(Event, frozen=True, kw_only=True):
    """Somebody knocks at a branch."""


async def test_a_suspended_branch_is_closed_to_the_very_next_request(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (moved := await arrived(visitor, operator)).branch.code
    staff = await settled(doors, moved)
    person = uuid4()
    await doors.accounts.ensure_reader(
        f"R{person.int % 10**9}", person, code, "735182", temporary=False
    )
    tokens = await doors.accounts.direct_token("readers", f"R{person.int % 10**9}", "735182")
    reader = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await visitor.get(f"/v1/b/{code}/staff", headers=staff)).status_code == 200

    assert (await act(visitor, code, "suspend", operator)).status_code == 200
    answer = await visitor.get(f"/v1/b/{code}/staff", headers=staff)
    assert refused(answer) == (403, "branch_not_active")
    question = {"query": "{ version branches { code } }"}
    for headers in (staff, reader):
        answer = await visitor.post(f"/v1/b/{code}/graphql", json=question, headers=headers)
        assert refused(answer) == (403, "branch_not_active")
    answer = await visitor.put(
        f"/v1/b/{code}/settings/loan.limit", json={"value": 3}, headers=staff
    )
    assert refused(answer) == (403, "branch_not_active")
    late = child(Kind.PROVINCE)
    answer = await visitor.post(f"/v1/b/{code}/branches", json=late, headers=staff)
    assert refused(answer) == (403, "branch_not_active")

    assert (await act(visitor, code, "resume", operator)).status_code == 200
    assert (await visitor.get(f"/v1/b/{code}/staff", headers=staff)).status_code == 200


async def test_messages_reach_a_suspended_branch(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    sender, receiver = [
        await service.found(doors.database, (await moved_in(doors)).branch.code) for _ in range(2)
    ]
    await act(visitor, receiver.code, "suspend", operator)
    heard: list[int] = []

    async def listen(session: AsyncSession, event: Knocked, message: Message) -> None:
        heard.append(message.receiver)

    async with unit_of_work(doors.database.app, sender.id) as session:
        emit(session, Knocked(about=uuid4()), to=receiver.id)
    while await carry(doors.database, {"Knocked": (Knocked, [listen])}):
        pass
    assert heard == [receiver.id]


async def test_every_move_is_audited(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (await moved_in(doors)).branch.code
    for action in ("suspend", "resume", "leave", "resume", "leave", "close"):
        assert (await act(visitor, code, action, operator)).status_code == 200
    assert refused(await act(visitor, code, "resume", operator)) == (409, "branch_move_refused")
    told = await operations(doors.database, code)
    assert told[-6:] == [
        f"tenants.{action}" for action in ("suspend", "resume", "leave", "resume", "leave", "close")
    ]


async def operations(database: Database, code: str) -> list[str]:
    row = await service.found(database, code)
    async with unit_of_work(database.app, row.id, closed_too=True) as session:
        return [*await session.scalars(select(Audit.operation).order_by(Audit.id))]


async def test_nobody_leaves_while_others_stand_below(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub, province = await line(doors, Kind.HUB, Kind.PROVINCE)
    assert refused(await act(visitor, hub.branch.code, "leave", operator)) == (
        409,
        "branches_below",
    )
    for code in (province.branch.code, hub.branch.code):
        for action in ("leave", "close"):
            assert (await act(visitor, code, action, operator)).status_code == 200
    late = body(Kind.PROVINCE, hub.branch.code)
    answer = await visitor.post("/v1/tenants", json=late, headers=operator)
    assert refused(answer) == (400, "parent_unknown")


async def test_a_branch_moves_with_all_below_it(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub = await arrived(visitor, operator)
    old, new = [await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code) for _ in range(2)]
    city = await arrived(visitor, operator, Kind.CITY, old.branch.code)
    county = await arrived(visitor, operator, Kind.COUNTY, city.branch.code)
    address = f"/v1/tenants/{city.branch.code}"
    told = {"parent": new.branch.code, "name_zh": "新名", "host": "city.example"}
    answer = await visitor.patch(address, json=told, headers=operator)
    assert answer.status_code == 200, answer.text
    assert answer.json()["branch"] | told == answer.json()["branch"]
    async with doors.accounts.realms["staff"].open() as api:
        known = await organization(api, city.branch.code)
    assert known["name"] == f"新名 ({city.branch.code})"  # the log-in page says it, too
    path = [one.branch.code for one in (hub, new, city, county)]
    row = await service.found(doors.database, county.branch.code)
    assert row.path == [(await service.found(doors.database, code)).id for code in path]
    listed = await visitor.get("/v1/branches", params={"below": old.branch.code})
    assert listed.json()["items"] == []
    assert (await operations(doors.database, city.branch.code))[-1] == "tenants.change"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"parent": "nobody"}, 400, "parent_unknown"),
        ({"parent": "elsewhere"}, 409, "other_consortium"),
        ({"parent": "itself"}, 409, "parent_refused"),
        ({"name_en": ""}, 400, "name_missing"),
        ({"zone": "Nowhere"}, 400, "zone_unknown"),
        ({"code": "other"}, 400, "validation_failed"),
    ],
)
async def test_a_branch_cannot_change_into_anything(
    visitor: httpx.AsyncClient, operator: Headers, change: Any, status: int, code: str
) -> None:
    hub, other = await arrived(visitor, operator), await arrived(visitor, operator)
    province = await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code)
    known = {"elsewhere": other.branch.code, "itself": province.branch.code}
    told = {name: known.get(value, value) for name, value in change.items()}
    answer = await visitor.patch(f"/v1/tenants/{province.branch.code}", json=told, headers=operator)
    assert refused(answer) == (status, code), answer.text


async def test_nobody_activates_a_branch_by_hand(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    code = (await moved_in(doors)).branch.code
    assert refused(await act(visitor, code, "activate", operator)) == (400, "validation_failed")
    assert refused(await act(visitor, "nobody", "suspend", operator)) == (404, "no_such_branch")
