"""Where a check gets its log from: beside the database, or over HTTP from anywhere."""

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import httpx
import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.ledger import log, views
from pinakes.federation.ledger.checking import Own, Told, check_audit
from pinakes.federation.ledger.merkle import Node
from pinakes.federation.ledger.models import Cosignature, Event, Head
from pinakes.federation.ledger.routes import EventView, NewCosignature, NewCosigner
from pinakes.federation.ledger.views import CosignerView, HeadView, KeyView, LeavesView
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.paging import Page

PAGE = 1000
DIGESTS = text("SELECT audit_digest(a) FROM audit a WHERE starts_with(operation, 'request.')")

type Made = Sequence[tuple[Node, bytes]]


class Source(Protocol):
    """What a check asks for; *branch*: whose events too, else those that it may see."""

    async def heads(self) -> list[Told]:
        """Signed heads, the newest last."""
        ...

    def leaves(self, size: int) -> AsyncIterator[list[bytes]]:
        """The first *size* leaves, in several lists."""
        ...

    async def differing(self, made: Made) -> list[str]:
        """Which of these subtrees the log keeps another hash of."""
        ...

    async def events(self, branch: str | None) -> dict[str, list[Own]]:
        """Events by branch."""
        ...

    async def altered(self, events: Mapping[str, Sequence[Own]]) -> list[str]:
        """Of which of these the audit log tells otherwise who did it."""
        ...


@dataclass
class Beside:
    """The log in its own database, where everything can be looked at."""

    database: Database
    directory: Directory
    wrong: set[Node] = field(default_factory=set[Node])

    @classmethod
    async def open(cls, database: Database) -> Self:
        directory = Directory()
        await directory.refresh(database.app)
        return cls(database, directory)

    async def heads(self) -> list[Told]:
        async with public_work(self.database.app) as session:
            rows = (await session.scalars(select(Head).order_by(Head.size))).all()
            signed: dict[int, list[Cosignature]] = defaultdict(list)
            for one in await session.scalars(select(Cosignature)):
                signed[one.size].append(one)
        return [self.told(row, signed[row.size]) for row in rows]

    def told(self, row: Head, signed: Sequence[Cosignature]) -> Told:
        cosigners = {self.directory.ids[one.tenant_id].code: one.key for one in signed}
        return Told(row.size, row.note + "".join(one.line for one in signed), cosigners)

    async def leaves(self, size: int) -> AsyncIterator[list[bytes]]:
        for start in range(0, size, PAGE):
            async with public_work(self.database.app) as session:
                page = await views.leaves(session, start, min(PAGE, size - start))
            yield [bytes.fromhex(leaf) for leaf in page.leaves]

    async def differing(self, made: Made) -> list[str]:
        async with public_work(self.database.app) as session:
            kept = await log.hashes(session, [node for node, _ in made])
        wrong = [node for node, hash in made if kept.get(node) != hash]
        self.wrong |= set(wrong)
        return [
            f"the hash that is kept of {spoken(node)} is not what its leaves make"
            for node in wrong
            if self.wrong.isdisjoint(halves(node))
        ]

    async def events(self, branch: str | None) -> dict[str, list[Own]]:
        codes = [branch] if branch else list(self.directory.codes)
        return {code: await self.events_of(self.directory.codes[code].id) for code in codes}

    async def altered(self, events: Mapping[str, Sequence[Own]]) -> list[str]:
        wrong: list[str] = []
        for branch, own in events.items():
            tenant = self.directory.codes[branch].id
            async with unit_of_work(self.database.app, tenant, closed_too=True) as session:
                kept = set(await session.scalars(DIGESTS))
            wrong += check_audit(branch, own, kept)
        return wrong

    async def events_of(self, tenant: int) -> list[Own]:
        async with unit_of_work(self.database.app, tenant, closed_too=True) as session:
            return await own_events(session)


async def own_events(session: AsyncSession) -> list[Own]:
    rows = await session.scalars(select(Event).order_by(Event.id))
    return [Own(row.id, row.event, row.salt) for row in rows]


def halves(node: Node) -> list[Node]:
    """What a subtree's hash is made of: a wrong half makes it wrong, too."""
    level, place = node
    return [(level - 1, 2 * place), (level - 1, 2 * place + 1)] if level else []


def spoken(node: Node) -> str:
    """A subtree as people say it."""
    level, place = node
    first, last = place << level, ((place + 1) << level) - 1
    return f"leaf {first}" if level == 0 else f"leaves {first} to {last}"


class NotTold(Exception):
    """The other side did not answer as it should."""


class Afar:
    """The log over HTTP, as a member sees it who trusts nothing that it cannot check."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, token: str | None) -> AsyncGenerator[Self]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
            yield cls(client)

    async def ask[T](self, kind: type[T], path: str, **query: Any) -> T:
        return read(await self.client.get(f"/v1{path}", params=query), kind)

    async def heads(self) -> list[Told]:
        """The newest that anybody has cosigned, if any, and the newest of all."""
        cosigned = await self.client.get("/v1/ledger/heads/latest", params={"cosigned": 1})
        first = [told(read(cosigned, HeadView))] if cosigned.is_success else []
        return [*first, told(await self.latest())]

    async def latest(self) -> HeadView:
        return await self.ask(HeadView, "/ledger/heads/latest")

    async def leaves(self, size: int) -> AsyncIterator[list[bytes]]:
        for start in range(0, size, PAGE):
            limit = min(PAGE, size - start)
            page = await self.ask(LeavesView, "/ledger/leaves", start=start, limit=limit)
            yield [bytes.fromhex(leaf) for leaf in page.leaves]

    async def differing(self, made: Made) -> list[str]:
        """Kept hashes are not shown over HTTP: roots and proofs are."""
        return []

    async def events(self, branch: str | None) -> dict[str, list[Own]]:
        if branch is None:
            return {}
        found: dict[str, list[Own]] = defaultdict(list)
        page = Page[EventView]([], "")
        while page.next is not None:
            query = {"after": page.next} if page.next else {}
            path = f"/b/{branch}/ledger/events"
            page = await self.ask(Page[EventView], path, limit=200, **query)
            found[branch] += [Own(one.id, one.event, bytes.fromhex(one.salt)) for one in page.items]
        return found

    async def altered(self, events: Mapping[str, Sequence[Own]]) -> list[str]:
        """The audit log is not shown over HTTP."""
        return []

    async def keys(self) -> list[KeyView]:
        page = await self.ask(Page[KeyView], "/ledger/keys")
        return page.items

    async def register(self, branch: str, key: bytes) -> CosignerView:
        body = msgspec.to_builtins(NewCosigner(key.hex()))
        answer = await self.client.put(f"/v1/b/{branch}/ledger/cosigner", json=body)
        return read(answer, CosignerView)

    async def cosign(self, branch: str, size: int, line: str) -> HeadView:
        body = msgspec.to_builtins(NewCosignature(size, line))
        answer = await self.client.post(f"/v1/b/{branch}/ledger/cosignatures", json=body)
        return read(answer, HeadView)


def told(view: HeadView) -> Told:
    return Told(
        view.size, view.note, {one.branch: bytes.fromhex(one.key) for one in view.cosigners}
    )


def read[T](answer: httpx.Response, kind: type[T]) -> T:
    """What was answered, or the problem that was told."""
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        told: dict[str, Any] = msgspec.json.decode(answer.content, type=dict[str, Any])
        detail = f"{told.get('code')}: {told.get('detail')}"
    except msgspec.DecodeError:
        detail = "it cannot be read"
    raise NotTold(f"{answer.request.url.path} answered {answer.status_code}: {detail}")
