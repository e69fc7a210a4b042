"""The issuer's web application."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from logging import getLogger

from litestar import Litestar, get

from pinakes.main.embedded.issuer.admin import ROUTES as ADMIN
from pinakes.main.embedded.issuer.entrance import ROUTES as PAGES
from pinakes.main.embedded.issuer.entrance import style
from pinakes.main.embedded.issuer.grants import build
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.openid import ROUTES as PROTOCOL
from pinakes.main.embedded.issuer.settings import Settings
from pinakes.main.embedded.issuer.web import Asking, house_of, refuse
from pinakes.platform.identity import REALMS

EVERY = 30.0  # seconds between two sweeps, and until a replaced key is taken up

log = getLogger(__name__)


def create_app(settings: Settings) -> Litestar:
    """The issuer as *settings* describe it; it connects when it starts."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with House.open(settings) as house:
            app.state.house = house
            app.state.providers = {realm: build(house, realm) for realm in REALMS}
            keeper = asyncio.create_task(keep(house))
            yield
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    return Litestar(
        route_handlers=[PROTOCOL, PAGES, ADMIN, style, ready],
        exception_handlers={Exception: refuse},
        lifespan=[lifespan],
        openapi_config=None,
        request_max_body_size=20_000_000,
    )


async def keep(house: House) -> None:
    """Sweep, and look for new keys; an absent database is asked again later."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            await house.sessions.sweep()
            await house.browsers.sweep()
            await house.addresses.sweep()
            await house.keys.read()
        except Exception:
            log.exception("the sweep did not work")


@get("/health/ready")
async def ready(request: Asking) -> dict[str, str]:
    """Whether the database answers."""
    await house_of(request).store.fetchval("SELECT 1")
    return {"status": "UP"}
