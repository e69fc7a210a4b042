"""The ledger over HTTP: the log for everybody, a branch's own events for its administrator."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody, Parameter, QueryParameter
from msgspec import Meta, Struct
from sqlalchemy import select

from pinakes.federation.ledger import cosigning, log, views
from pinakes.federation.ledger.leaves import hash_of_event
from pinakes.federation.ledger.models import Event, Head
from pinakes.platform import audit
from pinakes.platform.db import public_work
from pinakes.platform.http import Data, Here, Session
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.words import whole

LARGEST = 1 << 62
Hash = Annotated[str, Parameter(pattern=whole(r"[0-9a-f]{64}"))]
Size = Annotated[int, Parameter(ge=1, le=LARGEST)]
Start = Annotated[int, Parameter(ge=0, le=LARGEST)]
Many = Annotated[int, Parameter(ge=1, le=1000)]
Few = Annotated[int, Parameter(ge=0, le=1000)]
From = Annotated[int, QueryParameter(name="from", ge=1, le=LARGEST)]
To = Annotated[int, QueryParameter(name="to", ge=1, le=LARGEST)]


class NewCosigner(Struct, forbid_unknown_fields=True):
    """A public key of Ed25519 in hex; its private half stays outside."""

    key: Annotated[str, Meta(pattern=whole(r"[0-9a-f]{64}"))]


class NewCosignature(Struct, forbid_unknown_fields=True):
    """The line (cosignature/v1) that the branch signed under the head of *size* leaves."""

    size: Annotated[int, Meta(ge=1, le=LARGEST)]
    line: Annotated[str, Meta(max_length=500)]


class EventView(Struct):
    """An event with its salt: with both one can show where it stands in the log.

    The leaf's hash is that of "event", a newline and the commitment; the commitment is SHA-256
    over "pinakes event 1", a newline, the salt and the text of the event, byte by byte.
    """

    id: UUID
    about: UUID
    event: str
    salt: str
    leaf: str

    @classmethod
    def of(cls, row: Event) -> "EventView":
        leaf = hash_of_event(row.salt, row.event).hex()
        return cls(row.id, row.about, row.event, row.salt.hex(), leaf)


class Ledger(Controller):
    path = "/ledger"
    tags = ("ledger",)

    @get("/heads/latest")
    async def latest(
        self, state: State, database: Data, cosigned: FromQuery[Few] = 0
    ) -> views.HeadView:
        """The newest signed head; or the newest that so many branches have cosigned."""
        async with public_work(database.app) as session:
            return await views.head(session, state.directory, cosigned)

    @get("/inclusion")
    async def inclusion(
        self, database: Data, leaf: FromQuery[Hash], size: FromQuery[Size | None] = None
    ) -> views.InclusionView:
        """The proof that the leaf with this hash stands in the log of *size* leaves."""
        async with public_work(database.app) as session:
            return await views.include(session, bytes.fromhex(leaf), size)

    @get("/consistency")
    async def consistency(self, database: Data, old: From, size: To) -> views.ConsistencyView:
        """The proof that the log of *to* leaves begins with that of *from* leaves."""
        async with public_work(database.app) as session:
            return await views.continue_(session, old, size)

    @get("/leaves")
    async def leaves(
        self, database: Data, start: FromQuery[Start] = 0, limit: FromQuery[Many] = 1000
    ) -> views.LeavesView:
        """The leaves themselves: commitments, which tell nothing of what was recorded."""
        async with public_work(database.app) as session:
            return await views.leaves(session, start, limit)

    @get("/keys")
    async def keys(self, database: Data) -> Page[views.KeyView]:
        """The keys that the log has signed with, the first one first."""
        async with public_work(database.app) as session:
            return Page(await views.keys(session))

    @get("/cosigners")
    async def cosigners(self, state: State, database: Data) -> Page[views.CosignerView]:
        """The branches that check the log by themselves, and their keys."""
        async with public_work(database.app) as session:
            return Page(await views.cosigners(session, state.directory))


class OwnLedger(Controller):
    path = "/ledger"
    tags = ("ledger",)

    @get("/events")
    async def events(
        self, session: Session, after: FromQuery[After] = None, limit: FromQuery[Limit] = 50
    ) -> Page[EventView]:
        """The branch's own events with their salts, newest first."""
        rows = select(Event)
        return await newest(session, rows, Event.id, EventView.of, after=after, limit=limit)

    @put("/cosigner")
    async def register(
        self, session: Session, database: Data, here: Here, data: JSONBody[NewCosigner]
    ) -> views.CosignerView:
        """Name the public key with which the branch cosigns from now on."""
        key = bytes.fromhex(data.key)
        chain = await log.chain(session)
        if not chain:
            raise views.LedgerNotBegun("The worker has not begun it. Try again in a moment.")
        async with public_work(database.public) as public:
            await cosigning.register(public, here, key, chain)
        audit.note(session, "ledger.register")
        return views.cosigner_view(chain[0].origin, here.code, key)

    @post("/cosignatures")
    async def cosign(
        self,
        session: Session,
        state: State,
        database: Data,
        here: Here,
        data: JSONBody[NewCosignature],
    ) -> views.HeadView:
        """Put the branch's signature under a head that it has checked."""
        head = await session.get(Head, data.size)
        if head is None:
            raise views.LedgerNotBegun("No head of this size was ever signed.")
        async with public_work(database.public) as public:
            await cosigning.cosign(public, here, head, data.line)
        return await views.head_view(session, state.directory, head)
