"""A deployment that nobody's ``up`` looks after is brought to this version by a command."""

import asyncio
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from commanding import beside
from databases import empty

from pinakes.main.cli import main
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def deployment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a command beside a deployment."""
    with beside(settings):
        yield monkeypatch


async def migrate() -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, ["migrate"])


async def test_an_empty_database_gets_its_tables_and_a_newer_one_is_left_alone(
    postgres: Postgres, deployment: pytest.MonkeyPatch
) -> None:
    deployment.setenv("PINAKES_OWNER", postgres.address("pinakes", "later"))
    async with empty(postgres, "later") as inside:
        done = await migrate()
        assert done.exit_code == 0, done.output
        assert await inside.fetchval("SELECT count(*) FROM commons.tenant") == 0
        await inside.execute("UPDATE alembic_version SET version_num = '9999'")
        refused = await migrate()
        assert (refused.exit_code, "revision 9999" in refused.output) == (1, True)


async def test_it_wants_to_know_the_owner(deployment: pytest.MonkeyPatch) -> None:
    refused = await migrate()
    assert (refused.exit_code, "PINAKES_OWNER" in refused.output) == (1, True)
