"""What branches move into: PostgreSQL, an object store and the issuer, in a folder of their own."""

import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from secrets import token_hex

from pydantic import SecretStr

from pinakes.main.bench.serving import Process, kept
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.objects import ObjectStore
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import upgrade
from pinakes.platform.config import Settings


@dataclass(frozen=True)
class Premises:
    """Everything started, and empty."""

    postgres: Postgres
    settings: Settings


@contextmanager
def premises() -> Generator[Premises]:
    """Start everything; nothing is left at the end."""
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder("pinakes-bench-"))
        folder.chmod(0o711)  # the database server runs as somebody else
        objects = stack.enter_context(ObjectStore(folder / "objects"))
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        upgrade(postgres.address("pinakes"))
        secret = token_hex(32)
        issuer = stack.enter_context(kept(lambda port: issuer_of(postgres, secret, port)))
        settings = Settings(
            database=SecretStr(postgres.address("pinakes_app")),
            carrier=SecretStr(postgres.address("pinakes_carrier")),
            public=SecretStr(postgres.address("pinakes_public")),
            issuer=issuer.address,
            issuer_secret=SecretStr(secret),
            objects=objects.endpoint,
            objects_key=objects.key,
            objects_secret=SecretStr(objects.secret),
        )
        yield Premises(postgres, settings)


def issuer_of(postgres: Postgres, secret: str, port: int) -> Process:
    """The issuer as ``up`` runs it."""
    told = {
        "PINAKES_ISSUER": f"http://127.0.0.1:{port}",
        "PINAKES_ISSUER_PORT": str(port),
        "PINAKES_ISSUER_DATABASE": postgres.address("pinakes_issuer"),
        "PINAKES_ISSUER_SECRET": secret,
        "PINAKES_ADDRESS": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-P", "-m", "pinakes.main.embedded.issuer"]
    return Process(command, {**os.environ, **told}, port, "/health/ready")
