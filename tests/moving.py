"""Everything that a branch moves into, for real: database, object store, issuer, application."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from issuing import SECRET, Issuer
from litestar import Litestar
from mint import bearer
from msgspec.structs import asdict
from pydantic import SecretStr

from pinakes.main.app import create_app, dress
from pinakes.main.embedded.objects import ObjectStore
from pinakes.platform.config import Settings
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal, Role
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.onboarding import onboard
from pinakes.tenants.registry.schemas import MovedIn, NewBranch

OPERATOR = Principal("tests", roles=frozenset({Role.OPERATOR}))
PASSWORD = "a password of the tests"
NUMBERS = count(1)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An object store of this session's own."""
    with ObjectStore(tmp_path_factory.mktemp("objects")) as store:
        yield store


@pytest.fixture(scope="session")
def house_settings(settings: Settings, files: ObjectStore, issuer: Issuer) -> Settings:
    """Settings of a deployment with all its parts."""
    parts = {
        "issuer": issuer.address,
        "issuer_secret": SecretStr(SECRET),
        "objects": files.endpoint,
        "objects_key": files.key,
        "objects_secret": SecretStr(files.secret),
    }
    return settings.model_copy(update=parts)


@pytest.fixture(scope="session")
async def house(anyio_backend: str, house_settings: Settings) -> AsyncIterator[Litestar]:
    """The application of that deployment."""
    app = create_app(house_settings)
    async with app.lifespan():
        yield app


@pytest.fixture(scope="session")
async def doors(anyio_backend: str, house_settings: Settings) -> AsyncIterator[Doors]:
    """What a command works with, beside the application."""
    async with Doors.open(house_settings) as doors:
        yield doors


@pytest.fixture
async def visitor(house: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody with an HTTP client."""
    transport = httpx.ASGITransport(app=dress(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://pinakes.test") as client:
        yield client


@pytest.fixture(scope="session")
async def operator(doors: Doors) -> dict[str, str]:
    """Headers of the operator."""
    await doors.accounts.ensure_organization("pinakes", "Operators")
    name = f"operator-{uuid4()}"  # the issuer may know those of other modules
    await doors.accounts.ensure_staff(name, "pinakes", ["operator@*"], PASSWORD)
    return await logged_in(doors, name)


async def logged_in(doors: Doors, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Headers of a member of staff with a token from the issuer."""
    tokens = await doors.accounts.direct_token("staff", name, password)
    return bearer(tokens["access_token"])


async def settled(doors: Doors, moved: MovedIn) -> dict[str, str]:
    """Headers of the first administrator, who has changed the one-time password."""
    api = doors.accounts.realms["staff"]
    async with api.open() as admin:
        subject = await admin.a_get_user_id(moved.admin)
    await doors.accounts.set_password(subject, PASSWORD, temporary=False)
    return await logged_in(doors, moved.admin)


def wish(kind: Kind = Kind.HUB, parent: str | None = None, **more: object) -> NewBranch:
    """A branch that no other test asks for; a hub founds a consortium of its own."""
    code = f"{kind}-{next(NUMBERS)}"
    told = {"consortium": code} if kind == Kind.HUB else {}
    return NewBranch(code=code, kind=kind, parent=parent, name_en=code.title(), **told | more)  # type: ignore[arg-type]


async def moved_in(
    doors: Doors, kind: Kind = Kind.HUB, parent: str | None = None, **more: object
) -> MovedIn:
    """A branch that has moved in."""
    return await onboard(doors, OPERATOR, wish(kind, parent, **more))


async def arrived(
    visitor: httpx.AsyncClient,
    operator: dict[str, str],
    kind: Kind = Kind.HUB,
    parent: str | None = None,
) -> MovedIn:
    """The same by the API, which therefore knows of it at once."""
    answer = await visitor.post("/v1/tenants", json=body(kind, parent), headers=operator)
    assert answer.status_code == 201, answer.text
    return msgspec.convert(answer.json(), MovedIn)


async def line(doors: Doors, *kinds: Kind) -> list[MovedIn]:
    """Branches of these kinds, each below the one before."""
    found: list[MovedIn] = []
    for kind in kinds:
        found.append(await moved_in(doors, kind, found[-1].branch.code if found else None))
    return found


def body(*told: Any, **more: Any) -> dict[str, Any]:
    """A wish as it is sent."""
    return {name: value for name, value in asdict(wish(*told, **more)).items() if value is not None}


def child(kind: Kind, **more: Any) -> dict[str, Any]:
    """A wish to stand below the branch of the address."""
    told = body(kind, "parent", **more)
    return {name: told[name] for name in told.keys() - {"parent", "consortium"}}


async def act(
    client: httpx.AsyncClient, code: str, action: str, headers: dict[str, str]
) -> httpx.Response:
    """Move a branch one step, by the API."""
    return await client.post(f"/v1/tenants/{code}/{action}", headers=headers)
