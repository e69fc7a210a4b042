"""What lending tests need: copies on the shelf, readers with a card, a desk that scans."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from mint import Mint
from sqlalchemy import update

from pinakes.main.features import FEATURES
from pinakes.platform.carrier import carry
from pinakes.platform.db import Database, public_work, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import listeners_of
from pinakes.platform.messages import Outbox
from pinakes.tenants.catalogue.marc import Title
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.items import service as items
from pinakes.tenants.items.schemas import NewItem
from pinakes.tenants.readers.models import Card, Kind, Reader
from pinakes.tenants.readers.standing import stand
from pinakes.tenants.registry.settings import decide

NUMBERS = count(1)


@dataclass(frozen=True)
class Bearer:
    """A reader with a card in the hand."""

    person: UUID
    card: str
    home: Tenant


async def stock(
    database: Database, tenant: Tenant, copies: int = 1, kind: str = "book"
) -> list[str]:
    """Barcodes of that many copies of a new title."""
    async with unit_of_work(database.app, tenant.id) as session:
        title = record(Title(title="红楼梦"))
        session.add(title)
        await session.flush()
        barcodes = [f"T{next(NUMBERS):08}" for _ in range(copies)]
        await items.shelve(session, [NewItem(title.id, code, kind) for code in barcodes])
    return barcodes


def record(title: Title) -> CatalogueRecord:
    """A record that no import has brought."""
    return CatalogueRecord(
        id=uuid7(),
        key=str(uuid4()),
        control_number="1",
        agency="test",
        digest=b"",
        dialect="marc21",
        encoding="utf-8",
        state="live",
        raw=b"",
        title_fields=msgspec.to_builtins(title),
        sort_key="",
        isbn13=next((isbn.isbn13 for isbn in title.isbn), ""),
    )


async def enrol(
    database: Database, home: Tenant, reader_kind: str = "adult", card: str | None = None
) -> Bearer:
    """A reader whose home this is, with a card of it."""
    person = uuid4()
    number = card or f"C{next(NUMBERS):08}"
    async with unit_of_work(database.app, home.id) as session:
        session.add(
            Reader(
                id=uuid7(),
                person_id=person,
                kind=Kind.HOME,
                home_id=home.id,
                reader_kind=reader_kind,
                name="王小明",
            )
        )
        await session.flush()
        session.add(
            Card(
                id=uuid7(),
                number=number,
                person_id=person,
                home_id=home.id,
                consortium_id=home.consortium,
            )
        )
        await session.flush()
        await stand(session, person)
    return Bearer(person, number, home)


async def rule(database: Database, tenant: Tenant, **settings: Any) -> None:
    """Let the branch decide: ``loan_limit=3`` is the setting ``loan.limit``."""
    async with public_work(database.public) as session:
        for name, value in settings.items():
            await decide(session, tenant.id, name.replace("_", ".", 1), value)


async def deliver(database: Database) -> None:
    """Carry messages until none is left, whatever waits for its next try included."""
    listeners = listeners_of(FEATURES)
    while await carry(database, listeners):
        async with public_work(database.carrier) as session:
            await session.execute(update(Outbox).values(due_at=Outbox.created_at))


@dataclass
class Desk:
    """The desk of one branch, over HTTP."""

    client: httpx.AsyncClient
    here: Tenant
    headers: dict[str, str] = field(default_factory=dict[str, str])

    async def ask(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        keyed = {"Idempotency-Key": key} if key else {}
        address = f"/v1/b/{self.here.code}{path}"
        return await self.client.post(address, json=body, headers=self.headers | keyed)

    async def look(self, path: str) -> Any:
        answer = await self.client.get(f"/v1/b/{self.here.code}{path}", headers=self.headers)
        return answer.json()

    async def lend(
        self, card: str, barcode: str, key: str | None = None, **more: Any
    ) -> httpx.Response:
        return await self.ask("/loans", {"card": card, "barcode": barcode, **more}, key)

    async def take_back(self, barcode: str, key: str | None = None) -> httpx.Response:
        return await self.ask("/returns", {"barcode": barcode}, key)

    async def renew(self, loan: str, key: str | None = None) -> httpx.Response:
        return await self.ask(f"/loans/{loan}/renew", key=key)


def desk_at(client: httpx.AsyncClient, mint: Mint, here: Tenant) -> Desk:
    """A desk with somebody at it."""
    return Desk(client, here, mint.staff(f"desk@{here.code}"))
