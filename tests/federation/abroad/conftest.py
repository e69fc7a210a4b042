"""A home in one cell, and its supplier in another."""

from collections.abc import AsyncIterator

import pytest
from borrowing import SHOWN, Borrowing, edition, held
from celling import RECORD, Cells, Side, mirrored
from conftest import MakeTenant
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from databases import another
from lending import enrol, rule
from litestar import Litestar
from pydantic import SecretStr
from served import served
from sqlalchemy import func, update

from pinakes.federation.ledger.notes import public_of
from pinakes.main.app import create_app
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work
from pinakes.platform.messages import Outbox
from pinakes.tenants.registry.cells import join, settle


@pytest.fixture(scope="module")
async def sides(
    anyio_backend: str, app: Litestar, database: Database, settings: Settings, postgres: Postgres
) -> AsyncIterator[tuple[Side, Side]]:
    """Two cells that know one another's keys, and nothing else."""
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    async with another(postgres, "beyond"), served(app) as address:
        ways = {"database": "pinakes_app", "carrier": "pinakes_carrier", "public": "pinakes_public"}
        there = {way: SecretStr(postgres.address(role, "beyond")) for way, role in ways.items()}
        other = create_app(settings.model_copy(update={**there, "cell": "beyond"}))
        async with other.lifespan(), served(other) as beyond:
            found: Database = other.state.database
            for at, code, where, key in (
                (database, "beyond", beyond, keys[1]),
                (found, "main", address, keys[0]),
            ):
                async with public_work(at.public) as session:
                    await join(session, code, where, public_of(key))
            yield (
                Side("main", app, database, keys[0], address),
                Side("beyond", other, found, keys[1], beyond),
            )


@pytest.fixture
async def cells(sides: tuple[Side, Side], make_tenant: MakeTenant, postgres: Postgres) -> Cells:
    """A home in one cell, its supplier in the other, and a title that the supplier alone holds."""
    main, beyond = sides
    async with public_work(main.database.carrier) as session:  # what other tests have left
        await session.execute(update(Outbox).values(state="sent", sent_at=func.now()))
    hub = await make_tenant(kind="hub")
    home, supplier = await make_tenant(hub), await make_tenant(hub)
    await rule(main.database, home, calendar_closed_weekdays=[])
    title = await edition(main.database, hub.consortium)
    await mirrored(postgres, [hub, home, supplier], supplier)
    async with public_work(main.database.public) as session:
        await settle(session, supplier.code, "beyond", 2)
    for side in sides:
        await side.app.state.directory.refresh(side.database.app)
    there = beyond.app.state.directory.codes[supplier.code]
    await rule(beyond.database, there, calendar_closed_weekdays=[], supply_answers="automatic")
    [barcode] = await held(beyond.database, there, title)
    async with public_work(beyond.database.public) as session:
        record = await session.scalar(RECORD, {"id": there.id})
    async with public_work(main.database.public) as session:
        shown = {"tenant": there.id, "edition": title, "record": record, "copies": 1}
        await session.execute(SHOWN, shown)
    reader = await enrol(main.database, home)
    here = Borrowing(main.database, main.app.state.directory, home, supplier, home, reader)
    return Cells(main, beyond, here, there, title, barcode)
