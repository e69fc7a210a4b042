"""Two cells with a database each, which reach one another by HTTP alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from borrowing import Borrowing
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lending import deliver
from litestar import Litestar
from sqlalchemy import text

from pinakes.federation.abroad.carrying import Postman
from pinakes.federation.abroad.sealing import Letter, Mail, seal
from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.clock import now
from pinakes.platform.db import Database
from pinakes.platform.directory import Directory, Tenant

TABLES = ("consortium", "tenant", "edition")
ROWS = "SELECT to_jsonb(t)::text FROM commons.{0} t"
BRING = """
    INSERT INTO commons.{0} SELECT (jsonb_populate_record(NULL::commons.{0},
        told::jsonb || jsonb_build_object('cell', NULL))).*
    FROM unnest($1::text[]) AS told ON CONFLICT DO NOTHING
"""
SETTLED = """
    UPDATE commons.tenant SET version = version + 1, -- a copy that was read meanwhile is old
                              cell = CASE WHEN id = $1 THEN NULL ELSE 'main' END,
                              epoch = CASE WHEN id = $1 THEN 2 ELSE 1 END
    WHERE id = ANY ($2)
"""
RECORD = text("SELECT record_id FROM commons.holding WHERE tenant_id = :id")


@dataclass(frozen=True)
class Side:
    """One of the two cells."""

    name: str
    app: Litestar
    database: Database
    key: Ed25519PrivateKey
    address: str

    @property
    def postman(self) -> Postman:
        return Postman(self.database, self.name, self.key, Directory())


@dataclass(frozen=True)
class Cells:
    """Home and hub live in the one, the supplier in the other."""

    main: Side
    beyond: Side
    here: Borrowing
    supplier: Tenant  # as its own cell knows it
    title: UUID
    barcode: str

    async def carry(self) -> None:
        """Everything, within the cells and between them, until all is still."""
        moved = 1
        while moved:
            await deliver(self.main.database)
            await deliver(self.beyond.database)
            moved = await self.main.postman.round() + await self.beyond.postman.round()

    def letter(self, **more: Any) -> Letter:
        """One from the supplier to the home, about nothing."""
        told: dict[str, Any] = {
            "sender": self.supplier.code, "receiver": self.here.home.code, "epoch": 2,
            "last": 10**6, "seq": 10**6, "id": uuid4(), "about": uuid4(), "kind": "SeenAnswered",
            "version": 1, "actor": None, "role": None, "created_at": datetime.now(UTC),
            "body": {"about": str(uuid4()), "title": None, "send_to": None},
        }  # fmt: skip
        return Letter(**told | more)

    async def post(
        self,
        letter: Letter,
        key: Ed25519PrivateKey | None = None,
        aged: int = 0,
        **more: str,
    ) -> httpx.Response:
        """The answer of the home's cell to a mail with this letter."""
        at = int(now().timestamp()) - aged
        mail = Mail(**{"cell": "beyond", "to": "main", "at": at, "letters": [letter]} | more)  # type: ignore[arg-type]
        body, signature = seal(mail, key or self.beyond.key)
        async with httpx.AsyncClient() as client:
            headers = {"Pinakes-Signature": signature}
            return await client.post(f"{self.main.address}/v1/mail", content=body, headers=headers)


async def mirrored(postgres: Postgres, branches: Sequence[Tenant], supplier: Tenant) -> None:
    """The other cell knows the same branches and titles; the supplier lives there."""
    from_main, to = [
        await asyncpg.connect(postgres.address("postgres", name)) for name in ("pinakes", "beyond")
    ]
    try:
        for table in TABLES:
            rows = [row[0] for row in await from_main.fetch(ROWS.format(table))]
            await to.execute(BRING.format(table), rows)
        await to.execute(SETTLED, supplier.id, [branch.id for branch in branches])
    finally:
        await from_main.close()
        await to.close()
