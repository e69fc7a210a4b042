"""The real issuer in a process of its own, and a browser that has no window."""

import os
import re
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from pinakes.main.embedded.ports import free_port
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.login import Accounts

SECRET = "the secret of pinakes-admin in tests"
HOME = "http://127.0.0.1:9999"  # nobody answers there: a browser without a window need not go
BACK = f"{HOME}/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
READY_WITHIN = 30.0  # seconds, on a busy machine


@dataclass(frozen=True)
class Issuer:
    """Where it is, and who may administer it."""

    address: str

    def url(self, realm: str, path: str) -> str:
        return f"{self.address}/realms/{realm}/protocol/openid-connect/{path}"

    def accounts(self) -> Accounts:
        return Accounts(self.address, SECRET)


@contextmanager
def running(postgres: Postgres) -> Generator[Issuer]:
    """The issuer on a database that has been migrated."""
    port = free_port()
    issuer = Issuer(f"http://127.0.0.1:{port}")
    told = {
        "PINAKES_ISSUER": issuer.address,
        "PINAKES_ISSUER_PORT": str(port),
        "PINAKES_ISSUER_DATABASE": postgres.address("pinakes_issuer"),
        "PINAKES_ISSUER_SECRET": SECRET,
        "PINAKES_ADDRESS": HOME,
        "PINAKES_ISSUER_PROXIES": "127.0.0.1",
    }
    command = [sys.executable, "-m", "pinakes.main.embedded.issuer"]
    process = subprocess.Popen(command, env={**os.environ, **told})
    try:
        wait_for(f"{issuer.address}/health/ready", process)
        yield issuer
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(address).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the issuer did not start")


@pytest.fixture(scope="session")
def issuer(postgres: Postgres, settings: object) -> Iterator[Issuer]:
    """An issuer for all tests; *settings* have migrated the database."""
    assert settings
    with running(postgres) as issuer:
        yield issuer


class Browser:
    """Goes to the log-in page of a realm and types. Works on Keycloak's pages too."""

    def __init__(self, issuer: Issuer, realm: str = "readers", **more: str) -> None:
        self.issuer = issuer
        self.realm = realm
        self.client = httpx.Client(headers=more)
        self.page: httpx.Response

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def open(self, **more: str | None) -> httpx.Response:
        """The page that a client sends a browser to; None leaves a parameter out."""
        asked = {
            "client_id": "pinakes-web",
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | more
        told = {name: value for name, value in asked.items() if value is not None}
        self.page = self.client.get(self.issuer.url(self.realm, "auth"), params=told)
        return self.page

    def form(self) -> str:
        """Where the form of the page goes."""
        found = re.search(r'<form[^>]* action="([^"]+)"', self.page.text)
        assert found, self.page.text
        return unescape(found[1])

    def type(self, **typed: str) -> httpx.Response:
        """Fill the form and send it; ``password_new`` is the field ``password-new``."""
        told = {name.replace("_", "-"): value for name, value in typed.items()}
        self.page = self.client.post(self.form(), data=told)
        return self.page

    def log_in(self, username: str, password: str) -> httpx.Response:
        self.open()
        return self.type(username=username, password=password)

    def code(self) -> str:
        """The code with which the browser was sent back."""
        assert self.page.status_code == 302, self.page.text
        place = urlsplit(self.page.headers["location"])
        assert f"{place.scheme}://{place.netloc}{place.path}" == BACK
        told = parse_qs(place.query)
        assert told["state"] == ["a state"]
        return told["code"][0]

    def trade(self, code: str, **more: str) -> httpx.Response:
        """Tokens for a code."""
        told = {
            "grant_type": "authorization_code",
            "client_id": "pinakes-web",
            "redirect_uri": BACK,
            "code": code,
            "code_verifier": VERIFIER,
        }
        return httpx.post(self.issuer.url(self.realm, "token"), data=told | more)

    def refresh(self, token: str) -> httpx.Response:
        told = {"grant_type": "refresh_token", "client_id": "pinakes-web", "refresh_token": token}
        return httpx.post(self.issuer.url(self.realm, "token"), data=told)


def card() -> str:
    """A number that no other test has."""
    return f"R{uuid4().int % 10**12:012}"


def error(answer: httpx.Response) -> tuple[int, Any]:
    """What the token endpoint refuses with."""
    return answer.status_code, answer.json().get("error_description")
