"""A server that is filled fast: until it is started anew, nothing of it would survive a crash."""

import os
from collections.abc import Generator
from contextlib import contextmanager

from pinakes.main.embedded.postgres import Postgres

CARELESS = {
    "wal_level": "minimal",  # a table that its own transaction has emptied is filled without a log
    "max_wal_senders": "0",
    "fsync": "off",
    "autovacuum": "off",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "maintenance_work_mem": "512MB",
}


@contextmanager
def filling(postgres: Postgres) -> Generator[None]:
    """Careless inside; afterwards as ever, with everything on the disk."""
    careful = postgres.settings
    start_anew(postgres, {**careful, **CARELESS})
    yield
    start_anew(postgres, careful)
    os.sync()


def start_anew(postgres: Postgres, settings: dict[str, str]) -> None:
    postgres.stop()
    postgres.settings = settings
    postgres.start()
