"""The issuer as a process of its own: ``python -m pinakes.main.embedded.issuer [rotate]``."""

import asyncio
import os
import sys

import uvicorn

from pinakes.main.embedded.issuer.app import create_app
from pinakes.main.embedded.issuer.house import House
from pinakes.main.embedded.issuer.settings import Settings


def serve(settings: Settings) -> None:
    """Answer until somebody says SIGTERM."""
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,  # it would tell who logs in
        server_header=False,
        proxy_headers=bool(settings.proxies),  # else anybody could say where they come from
        forwarded_allow_ips=settings.proxies,
        timeout_keep_alive=75,  # longer than callers keep a connection, or they meet a closed one
        timeout_graceful_shutdown=5,
    )


async def rotate(settings: Settings) -> None:
    """New keys, which a running issuer takes up within half a minute."""
    async with House.open(settings) as house:
        await house.keys.replace()


if sys.argv[1:] == ["rotate"]:
    asyncio.run(rotate(Settings.of(os.environ)))
else:
    serve(Settings.of(os.environ))
