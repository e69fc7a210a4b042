"""Fixtures for the whole house: a real PostgreSQL, the real application, fresh tenants."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from mint import Mint, minting
from pydantic import SecretStr
from sqlalchemy import text

from pinakes.main.app import create_app, dress
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.ports import free_port
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import upgrade
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Directory, Tenant

pytest_plugins = ["books", "issuing", "moving"]  # so that one of each serves a whole session

type MakeTenant = Callable[..., Awaitable[Tenant]]

NUMBER = text("SELECT nextval('commons.tenant_number')")
CONSORTIUM = text("""
    INSERT INTO commons.consortium (id, code, name_zh, name_en)
    VALUES (nextval('commons.consortium_number'), 'tests', '测试', 'Tests') ON CONFLICT DO NOTHING
""")
TENANT = text("""
    INSERT INTO commons.tenant (id, consortium_id, code, kind, parent_id, path, name_zh, name_en,
                                state, zone, version)
    SELECT :id, id, :code, :kind, :parent, :path, :code, :code, :state, 'Asia/Shanghai',
           nextval('commons.tenant_version') FROM commons.consortium WHERE code = 'tests'
""")


SEEDS = 50  # of 2,000 mutants each


def pytest_addoption(parser: pytest.Parser) -> None:
    told = f"{SEEDS} seeds instead of one for damaged records, and large files to their end"
    parser.addoption("--thorough", action="store_true", help=told)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What draws by chance: the same in every suite, or many times."""
    if "seed" in metafunc.fixturenames:
        seeds = SEEDS if metafunc.config.getoption("--thorough") else 1
        metafunc.parametrize("seed", range(42, 42 + seeds))


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether there is time for all of it."""
    return bool(pytestconfig.getoption("--thorough"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop for the whole session, so that pools and the application can be shared."""
    return "asyncio"


@pytest.fixture(scope="session")
def mint() -> Iterator[Mint]:
    """Whoever the tests need to be, with a token that the application believes."""
    with minting() as mint:
        yield mint


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this session's own; nobody pulls the plug of the machine below it."""
    with (
        open_folder("pinakes-test-") as folder,
        Postgres(folder, settings={"fsync": "off"}) as postgres,
    ):
        yield postgres


@pytest.fixture(scope="session")
def settings(postgres: Postgres, mint: Mint, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a deployment whose database has been migrated."""
    upgrade(postgres.address("pinakes"))
    return Settings(
        database=SecretStr(postgres.address("pinakes_app")),
        carrier=SecretStr(postgres.address("pinakes_carrier")),
        public=SecretStr(postgres.address("pinakes_public")),
        issuer=mint.address,
        secret=SecretStr("5e" * 32),
        search=Path(tmp_path_factory.mktemp("search")),
        worker=f"http://127.0.0.1:{free_port()}",
    )


@pytest.fixture(scope="session")
async def app(anyio_backend: str, settings: Settings) -> AsyncIterator[Litestar]:
    """The real application, started."""
    app = create_app(settings)
    async with app.lifespan():
        yield app


@pytest.fixture(scope="session")
async def database(app: Litestar) -> Database:
    """The database in its four ways."""
    found: Database = app.state.database
    return found


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody with an HTTP client."""
    transport = httpx.ASGITransport(app=dress(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
        yield client


@pytest.fixture(scope="session")
async def make_tenant(app: Litestar, database: Database) -> MakeTenant:
    """Makes branches; the application knows them at once."""
    directory: Directory = app.state.directory

    async def make(
        parent: Tenant | None = None, kind: str = "county", state: str = "active"
    ) -> Tenant:
        async with public_work(database.public) as session:
            id = int((await session.execute(NUMBER)).scalar_one())
            path = [*(parent.path if parent else []), id]
            row = {"id": id, "code": f"branch-{id}", "kind": kind, "path": path, "state": state}
            await session.execute(CONSORTIUM)
            await session.execute(TENANT, row | {"parent": parent.id if parent else None})
        await directory.refresh(database.app)
        return directory.ids[id]

    return make


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> Tenant:
    """A fresh active branch, so that tests never meet."""
    return await make_tenant()


@pytest.fixture
async def neighbour(make_tenant: MakeTenant) -> Tenant:
    """Another branch."""
    return await make_tenant()
