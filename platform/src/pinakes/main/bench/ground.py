"""What a bench stands on: a fresh PostgreSQL, an issuer's key, settings; gone at the end."""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from pinakes.federation.ledger import keys
from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import upgrade
from pinakes.platform.config import Settings


@dataclass(frozen=True)
class Ground:
    """A migrated database, and settings that an API can be started with."""

    postgres: Postgres
    settings: Settings
    key: RSAKey

    def token(self, *grants: str) -> str:
        """An access token of staff, good for an hour."""
        return self.signed("staff", sub="bench", grants=list(grants))

    def reader(self, person: UUID, home: str) -> str:
        """The same of a reader, whose home has this code."""
        return self.signed("readers", sub=str(person), person=str(person), home=home)

    def signed(self, realm: str, **more: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": f"{self.settings.issuer}/realms/{realm}",
            "aud": "pinakes",
            "azp": "pinakes-cli",
            "typ": "Bearer",
            "iat": now,
            "exp": now + 3600,
            **more,
        }
        return jwt.encode({"alg": "RS256", "kid": "bench"}, claims, self.key)


@contextmanager
def ground(server: Mapping[str, str] | None = None) -> Generator[Ground]:
    """Start everything in a folder of its own; PostgreSQL with these settings, too."""
    key = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "bench"})
    with (
        open_folder("pinakes-bench-") as folder,
        Postgres(folder / "postgres", settings=server) as postgres,
        published(key) as issuer,
    ):
        upgrade(postgres.address("pinakes"))
        settings = Settings(
            database=SecretStr(postgres.address("pinakes_app")),
            carrier=SecretStr(postgres.address("pinakes_carrier")),
            public=SecretStr(postgres.address("pinakes_public")),
            issuer=issuer,
            secret=SecretStr("5e" * 32),
            search=folder / "search",
        )
        yield Ground(postgres, settings, key)


def with_ledger(place: Ground) -> Settings:
    """The same settings, with a key for the ledger's worker."""
    file = place.postgres.folder.parent / "ledger.key"
    keys.make(file)
    address = SecretStr(place.postgres.address("pinakes_ledger"))
    return place.settings.model_copy(update={"ledger": address, "ledger_key": file})


@contextmanager
def published(key: RSAKey) -> Generator[str]:
    """The address of an issuer that has this key and nothing else."""
    ring = json.dumps({"keys": [key.as_dict(private=False)]}).encode()

    class Ring(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(ring)))
            self.end_headers()
            self.wfile.write(ring)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ring)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
