"""An operator sees what is late and what is dead, by the codes of the branches."""

import asyncio
import json
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from commanding import beside
from sqlalchemy import update

from pinakes.main.cli import main
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Event, Outbox, emit

pytestmark = pytest.mark.anyio

type Say = Callable[..., Result]


class DoorOpened(Event, frozen=True):
    pass


@pytest.fixture
def say(settings: Settings) -> Iterator[Say]:
    """The command ``pinakes messages``."""
    with beside(settings):
        yield lambda *words: CliRunner().invoke(main, ["messages", *map(str, words)])


@pytest.fixture
async def letter(database: Database, tenant: Tenant, neighbour: Tenant) -> UUID:
    """One dead letter from *tenant* to *neighbour*."""
    async with unit_of_work(database.app, tenant.id) as session:
        emit(session, DoorOpened(about=uuid4()), to=neighbour.id)
    async with public_work(database.carrier) as session:
        [id] = await session.scalars(
            update(Outbox)
            .where(Outbox.tenant_id == tenant.id)
            .values(state="dead", failure="RuntimeError")
            .returning(Outbox.id)
        )
    return id


async def test_a_dead_letter_is_listed_and_tried_again(
    say: Say, letter: UUID, tenant: Tenant, neighbour: Tenant
) -> None:
    listed = await asyncio.to_thread(say, "list", "--json")
    [seen] = [one for one in json.loads(listed.output)["items"] if one["id"] == str(letter)]
    assert (seen["sender"], seen["receiver"], seen["failure"]) == (
        tenant.code,
        neighbour.code,
        "RuntimeError",
    )
    late = await asyncio.to_thread(say, "lag", "--json")
    [pair] = [one for one in json.loads(late.output)["items"] if one["sender"] == tenant.code]
    assert (pair["receiver"], pair["waiting"], pair["dead"]) == (neighbour.code, 0, 1)
    assert pair["seconds"] >= 0
    assert tenant.code in (await asyncio.to_thread(say, "lag")).output
    assert (await asyncio.to_thread(say, "replay", letter)).exit_code == 0
    again = await asyncio.to_thread(say, "replay", letter)
    assert (again.exit_code, "pinakes messages list" in again.output) == (1, True)


async def test_replay_wants_to_know_which(say: Say) -> None:
    assert (await asyncio.to_thread(say, "replay")).exit_code == 2
