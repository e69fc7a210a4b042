"""Who works at a branch, and that a change of rights counts at once."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from moving import PASSWORD, arrived, logged_in, settled
from served import refused

from pinakes.main.app import create_app, dress
from pinakes.platform.admin import WrongCredentials
from pinakes.platform.command import OPERATOR
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.service import found
from pinakes.tenants.staff import service
from pinakes.tenants.staff.revocations import LIFE, Revocations, forget_expired

pytestmark = pytest.mark.anyio

type Headers = dict[str, str]


class Office:
    """A branch with its administrator."""

    def __init__(self, visitor: httpx.AsyncClient, doors: Doors, code: str, head: Headers) -> None:
        self.visitor, self.doors, self.code, self.head = visitor, doors, code, head

    async def ask(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        told: dict[str, Any] = {"headers": self.head} | more
        return await self.visitor.request(method, f"/v1/b/{self.code}/staff{path}", **told)

    async def hire(self, name: str, role: str, **more: Any) -> tuple[str, Headers]:
        """Somebody who has changed the one-time password: id and headers."""
        answer = await self.ask("POST", json={"name": name, "role": role, **more})
        assert answer.status_code == 201, answer.text
        await self.choose_password(name)
        return str(answer.json()["id"]), await logged_in(self.doors, f"{name}@{self.code}")

    async def choose_password(self, name: str) -> None:
        async with self.doors.accounts.realms["staff"].open() as api:
            subject = await api.a_get_user_id(f"{name}@{self.code}")
        await self.doors.accounts.set_password(subject, PASSWORD, temporary=False)


@pytest.fixture
async def office(visitor: httpx.AsyncClient, operator: Headers, doors: Doors) -> Office:
    moved = await arrived(visitor, operator)
    return Office(visitor, doors, moved.branch.code, await settled(doors, moved))


async def test_somebody_is_hired_and_may_work(office: Office) -> None:
    _, headers = await office.hire("anna", "cataloguer")
    settings = f"/v1/b/{office.code}/settings"
    assert (await office.visitor.get(settings, headers=headers)).status_code == 200
    assert refused(await office.ask("GET", headers=headers)) == (403, "forbidden")
    told = (await office.ask("GET")).json()["items"]
    assert [(one["login"], one["role"], one["password"]) for one in told] == [
        (f"admin@{office.code}", "administrator", None),
        (f"anna@{office.code}", "cataloguer", None),
    ]


async def test_a_name_is_used_once(office: Office) -> None:
    await office.hire("anna", "desk")
    answer = await office.ask("POST", json={"name": "anna", "role": "desk"})
    assert refused(answer) == (409, "staff_name_taken")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Anna Karenina", "role": "desk"},
        {"name": "anna\n", "role": "desk"},
        {"name": "anna", "role": "operator"},
        {"name": "anna", "role": "desk", "salary": 1},
        {"name": "anna"},
    ],
)
async def test_what_cannot_be_hired_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    assert refused(await office.ask("POST", json=wrong)) == (400, "validation_failed")


async def test_two_who_hire_the_same_name_do_so_one_after_the_other(office: Office) -> None:
    wish = {"name": "anna", "role": "desk"}
    answers = await asyncio.gather(*(office.ask("POST", json=wish) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_every_process_hears_of_a_change_within_a_second(
    office: Office, house_settings: Settings
) -> None:
    id, old = await office.hire("anna", "desk")
    async with (app := create_app(house_settings)).lifespan():
        transport = httpx.ASGITransport(app=dress(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://other.test") as other:
            address = f"/v1/b/{office.code}/settings"
            assert (await other.get(address, headers=old)).status_code == 200
            await office.ask("DELETE", f"/{id}")
            await asyncio.sleep(1.5)
            assert refused(await other.get(address, headers=old)) == (401, "token_refused")


async def test_a_change_of_rights_refuses_old_tokens_at_once(office: Office) -> None:
    id, old = await office.hire("anna", "administrator")
    assert (await office.ask("GET", headers=old)).status_code == 200
    changed = await office.ask("PATCH", f"/{id}", json={"role": "desk"})
    assert changed.json()["role"] == "desk"
    assert refused(await office.ask("GET", headers=old)) == (401, "token_refused")
    await asyncio.sleep(1.1)  # a token tells its second only
    new = await logged_in(office.doors, f"anna@{office.code}")
    assert refused(await office.ask("GET", headers=new)) == (403, "forbidden")


async def test_who_is_let_go_is_out_at_once(office: Office) -> None:
    id, old = await office.hire("anna", "desk")
    assert (await office.ask("DELETE", f"/{id}")).status_code == 200
    settings = f"/v1/b/{office.code}/settings"
    assert refused(await office.visitor.get(settings, headers=old)) == (401, "token_refused")
    with pytest.raises(WrongCredentials):
        await logged_in(office.doors, f"anna@{office.code}")
    assert refused(await office.ask("DELETE", f"/{id}")) == (404, "no_such_staff")

    await asyncio.sleep(1.1)  # a token tells its second only
    _, again = await office.hire("anna", "desk")
    assert (await office.visitor.get(settings, headers=again)).status_code == 200


async def test_a_lost_password_is_replaced(office: Office) -> None:
    id, old = await office.hire("anna", "desk")
    told = (await office.ask("POST", f"/{id}/password")).json()
    assert told["password"]
    with pytest.raises(WrongCredentials, match="has to be changed"):
        await logged_in(office.doors, f"anna@{office.code}", told["password"])
    answer = await office.visitor.get(f"/v1/b/{office.code}/settings", headers=old)
    assert refused(answer) == (401, "token_refused")


async def test_a_command_that_replaces_it_ends_old_tokens_too(office: Office) -> None:
    id, old = await office.hire("anna", "desk")
    branch = await found(office.doors.database, office.code)
    within = service.Office(office.doors.accounts, office.doors.database)
    async with unit_of_work(office.doors.database.app, branch.id, OPERATOR) as session:
        await service.renew_password(session, within, UUID(id))
    await asyncio.sleep(1.5)  # until every process has heard of it
    answer = await office.visitor.get(f"/v1/b/{office.code}/settings", headers=old)
    assert refused(answer) == (401, "token_refused")


async def test_a_branch_keeps_one_administrator(office: Office) -> None:
    admin = (await office.ask("GET")).json()["items"][0]["id"]
    assert refused(await office.ask("DELETE", f"/{admin}")) == (409, "last_administrator")
    answer = await office.ask("PATCH", f"/{admin}", json={"role": "desk"})
    assert refused(answer) == (409, "last_administrator")
    id, _ = await office.hire("anna", "administrator")
    first, second = await asyncio.gather(
        office.ask("DELETE", f"/{admin}"), office.ask("DELETE", f"/{id}")
    )
    assert sorted((first.status_code, second.status_code)) == [200, 409]


async def test_staff_act_at_home_or_in_the_branches_below(
    visitor: httpx.AsyncClient, operator: Headers, doors: Doors
) -> None:
    hub = await arrived(visitor, operator)
    province = await arrived(visitor, operator, Kind.PROVINCE, hub.branch.code)
    other = await arrived(visitor, operator)
    office = Office(visitor, doors, hub.branch.code, await settled(doors, hub))
    _, at_home = await office.hire("anna", "desk")
    _, below = await office.hire("bert", "desk", below=True)

    async def status(code: str, headers: Headers) -> int:
        return (await visitor.get(f"/v1/b/{code}/settings", headers=headers)).status_code

    assert await status(hub.branch.code, at_home) == 200
    assert await status(province.branch.code, at_home) == 403
    assert await status(province.branch.code, below) == 200
    assert await status(other.branch.code, below) == 403


async def test_who_works_at_home_gives_nobody_rights_below(office: Office) -> None:
    admin = (await office.ask("GET")).json()["items"][0]["id"]  # whose rights reach below
    id, anna = await office.hire("anna", "administrator")
    for method, path, told in (
        ("POST", "", {"name": "bert", "role": "desk", "below": True}),
        ("PATCH", f"/{id}", {"below": True}),
        ("PATCH", f"/{admin}", {"role": "administrator"}),
        ("POST", f"/{admin}/password", None),
        ("DELETE", f"/{admin}", None),
    ):
        answer = await office.ask(method, path, json=told, headers=anna)
        assert refused(answer) == (403, "reach_too_far"), (method, path)
    answer = await office.ask("POST", json={"name": "bert", "role": "desk"}, headers=anna)
    assert answer.status_code == 201


async def test_revocations_are_forgotten_when_their_tokens_have_ended(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, _ = await office.hire("anna", "desk")
    await office.ask("PATCH", f"/{id}", json={"role": "cataloguer"})
    known = Revocations()
    await forget_expired(office.doors.database)
    await known.refresh(office.doors.database.app)
    assert known.known
    monkeypatch.setattr("pinakes.tenants.staff.revocations.LIFE", LIFE * 0)
    await forget_expired(office.doors.database)
    monkeypatch.undo()
    await known.refresh(office.doors.database.app)
    assert not known.known
