"""A key pair of the tests' own, its public half served over real HTTP, and tokens made with it."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey


class Mint:
    """Makes access tokens as the issuer at *address* would."""

    def __init__(self, address: str, key: RSAKey) -> None:
        self.address = address
        self.key = key

    def claims(self, realm: str, subject: str, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": f"{self.address}/realms/{realm}",
            "aud": "pinakes",
            "azp": "pinakes-web",
            "sub": subject,
            "typ": "Bearer",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid4()),
        } | more

    def token(self, realm: str, subject: str, **more: Any) -> str:
        """A token that counts; *more* claims are added or replace others."""
        header = {"alg": "RS256", "kid": self.key.kid or "", "typ": "JWT"}
        return jwt.encode(header, self.claims(realm, subject, **more), self.key)

    def staff(self, *grants: str, subject: str | None = None) -> dict[str, str]:
        """Headers of a member of staff with these grants, such as ``desk@CODE``."""
        return bearer(self.token("staff", subject or str(uuid4()), grants=list(grants)))

    def reader(self, person: UUID, home: str, subject: str | None = None) -> dict[str, str]:
        """Headers of a reader."""
        claims = {"person": str(person), "home": home}
        return bearer(self.token("readers", subject or str(uuid4()), **claims))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def minting() -> Generator[Mint]:
    """Serve the public key on loopback until the end."""
    key = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "tests"})
    ring = json.dumps({"keys": [key.as_dict(private=False)]}).encode()

    class Ring(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.endswith("/certs")  # people and passwords are not kept here
            self.send_response(200 if known else 503)
            self.send_header("Content-Length", str(len(ring)))
            self.end_headers()
            self.wfile.write(ring)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ring)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Mint(f"http://127.0.0.1:{server.server_address[1]}", key)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
