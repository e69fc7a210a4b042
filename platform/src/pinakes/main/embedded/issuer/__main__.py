"""``python -m pinakes.main.embedded.issuer``: the issuer as a process of its own."""

import os

import uvicorn

from pinakes.main.embedded.issuer.app import create_app
from pinakes.main.embedded.issuer.settings import Settings


def main() -> None:
    settings = Settings.of(os.environ)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,  # card numbers travel in queries
        server_header=False,
        timeout_graceful_shutdown=5,
    )


main()
