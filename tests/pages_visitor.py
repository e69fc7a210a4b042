"""A small application in front of a real issuer, and a browser that visits both."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from issuing import HOME, Browser, Issuer, card
from litestar import Controller, Litestar, get, post
from litestar.datastructures import Cookie

from pinakes.federation import identity
from pinakes.federation.identity.sessions import NAME, Session, Sessions
from pinakes.main.app import create_app, dress
from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import Feature
from pinakes.platform.http import Asker

__all__ = ["Person", "front", "person", "reader"]


class Me(Controller):
    """A page for readers; its operations stand in the table under the names of real ones."""

    path = "/mine"

    @get()
    async def show(self, asker: Asker) -> str:
        return f"{asker.person} of {asker.home}"

    @post()
    async def choose(self, asker: Asker) -> str:
        return "done"


class Readers(Controller):
    """A page for the desk."""

    path = "/desk"

    @get()
    async def list(self, asker: Asker) -> str:
        return asker.role


class Person(httpx.AsyncClient):
    """Somebody with a browser, who goes from our pages to the issuer's and back."""

    app: Litestar
    issuer: Issuer

    async def log_in(self, name: str, secret: str, **asked: str) -> httpx.Response:
        """Begin here, type there, come back; the answer that ends the log-in."""
        with Browser(self.issuer) as there:
            begun = await self.get("/login", params=asked)
            there.page = there.client.get(begun.headers["location"])
            there.type(username=name, password=secret)
            return await self.get(inner(there.page.headers["location"]))

    @property
    def sessions(self) -> Sessions:
        found: Sessions = self.app.state.sessions
        return found

    @property
    def session(self) -> Session:
        """What our cookie holds."""
        held = self.sessions.seal.open(self.cookies[NAME], Session)
        assert held
        return held

    def keep(self, session: Session) -> None:
        """Hold another session in the cookie."""
        cookie: Cookie = self.sessions.cookie(session)
        self.hold(NAME, cookie.value or "")

    def hold(self, name: str, value: str) -> None:
        """Keep a cookie as if we had sent it."""
        self.cookies.clear()
        self.cookies.set(name, value, domain=self.base_url.host, path="/")


def inner(address: str) -> str:
    """The path and query of an address that leads back to us."""
    place = urlsplit(address)
    assert f"{place.scheme}://{place.netloc}" == HOME
    return f"{place.path}?{place.query}"


@pytest.fixture(scope="session")
async def front(anyio_backend: str, settings: Settings, issuer: Issuer) -> AsyncIterator[Litestar]:
    """The pages above, with the real issuer, to which we are known by this address."""
    told = settings.model_copy(update={"issuer": issuer.address, "address": HOME})
    app = create_app(told, [identity.feature, Feature(name="x", entrance=[Me], pages=[Readers])])
    async with app.lifespan():
        yield app


@pytest.fixture
async def person(
    front: Litestar, issuer: Issuer, database: Database, tenant: Tenant
) -> AsyncIterator[Person]:
    """Somebody at those pages, who knows of *tenant*."""
    assert tenant
    await front.state.directory.refresh(database.app)
    transport = httpx.ASGITransport(app=dress(front))
    headers = {"Accept": "text/html"}
    async with Person(transport=transport, base_url=HOME, headers=headers) as person:
        person.app, person.issuer = front, issuer
        yield person


@pytest.fixture
async def reader(issuer: Issuer, tenant: Tenant) -> dict[str, Any]:
    """Card, PIN and person of a reader who has a PIN of his or her own."""
    told: dict[str, Any] = {"card": card(), "pin": "274915", "person": uuid4()}
    person: UUID = told["person"]
    async with issuer.accounts() as accounts:
        await accounts.ensure_reader(told["card"], person, tenant.code, "274915", temporary=False)
    return told
