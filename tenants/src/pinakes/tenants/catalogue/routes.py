"""The catalogue over HTTP: files come in, become imports, and are reported on."""

import asyncio
from tempfile import TemporaryFile
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, Parameter
from msgspec import Struct

from pinakes.platform.db import unit_of_work
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.jobs import JobView, found, job_view
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once
from pinakes.platform.words import whole
from pinakes.tenants.catalogue import keeping, lists, service
from pinakes.tenants.catalogue.arriving import keep
from pinakes.tenants.catalogue.models import ItemTrouble, Kept
from pinakes.tenants.catalogue.room import take_room
from pinakes.tenants.catalogue.schemas import (
    ImportView,
    ImportWish,
    ItemTroubleView,
    KeptView,
    QuarantinedView,
    RecordView,
    SheetWish,
    UploadView,
)

LARGEST = 2 << 30

FileName = Annotated[str, Parameter(max_length=200, pattern=whole(r"[^\x00-\x1f]*"))]


class Suppression(Struct, forbid_unknown_fields=True):
    """Whether the public may not see the record."""

    suppressed: bool


class Catalogue(Controller):
    path = "/catalogue"
    tags = ["catalogue"]

    @post("/uploads", request_max_body_size=LARGEST)
    async def upload(
        self,
        request: Request[Any, Any, Any],
        database: Data,
        here: Here,
        asker: Asker,
        name: FromQuery[FileName] = "",
    ) -> UploadView:
        """Send a file as the body, up to 2 GiB, whatever its Content-Type."""
        async with unit_of_work(database.app, here.id, asker) as session:
            await take_room(session, request.content_length or 0)
        with TemporaryFile() as file:
            async for piece in request.stream():
                await asyncio.to_thread(file.write, piece)
            return await keep(database, here, asker, request.app.state.objects, name, file)

    @post("/imports")
    @once
    async def start(self, data: JSONBody[ImportWish], session: Session) -> JobView:
        """Begin to bring an uploaded file in; follow the job at ``…/jobs/ID``."""
        return job_view(await service.start_import(session, data))

    @get("/imports")
    async def imports(
        self, session: Session, after: FromQuery[After] = None, limit: FromQuery[Limit] = 50
    ) -> Page[ImportView]:
        """The imports of this branch, of records or of items, newest first."""
        return await lists.imports(session, after, limit)

    @post("/item-lists")
    @once
    async def shelve(self, data: JSONBody[SheetWish], session: Session) -> JobView:
        """Begin to put the items of an uploaded CSV into stock."""
        return job_view(await service.start_sheet(session, data))

    @post("/imports/{id:uuid}/undo")
    @once
    async def undo(self, id: FromPath[UUID], session: Session) -> JobView:
        """Begin to take a whole import back, but for what was changed or lent since."""
        return job_view(await service.start_undo(session, id))

    @get("/undos/{id:uuid}/kept")
    async def kept(
        self,
        id: FromPath[UUID],
        session: Session,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[KeptView]:
        """What an undo (its job's id) left as it is, and why, last first."""
        await found(session, id)
        rows = service.kept(id)
        page = await newest(session, rows, Kept.id, lambda one: one, after=after, limit=limit)
        return Page(await keeping.views(session, page.items), page.next)

    @get("/imports/{id:uuid}/quarantine")
    async def quarantine(
        self,
        id: FromPath[UUID],
        session: Session,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[QuarantinedView]:
        """What an import set aside, last first."""
        return await lists.pieces(session, id, after, limit)

    @get("/quarantine/{id:uuid}")
    async def piece(self, id: FromPath[UUID], session: Session) -> Response[bytes]:
        """The very bytes that were set aside."""
        row = await service.set_aside(session, id)
        return Response(
            row.raw,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{row.ordinal}.mrc"'},
        )

    @get("/imports/{id:uuid}/items")
    async def items(
        self,
        id: FromPath[UUID],
        session: Session,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[ItemTroubleView]:
        """Copies that an import could not take as the file has them, last first."""
        await found(session, id)
        rows = service.item_troubles(id)
        view = ItemTroubleView.of
        return await newest(session, rows, ItemTrouble.id, view, after=after, limit=limit)

    @get("/records/{id:uuid}")
    async def record(self, id: FromPath[UUID], session: Session) -> RecordView:
        """One title of this branch, as its record describes it."""
        return service.record_view(await service.find(session, id))

    @get("/records/{id:uuid}/raw")
    async def raw(self, id: FromPath[UUID], session: Session) -> Response[bytes]:
        """The record as it came, byte for byte."""
        row = await service.find(session, id)
        return Response(row.raw, media_type="application/octet-stream")

    @put("/records/{id:uuid}/suppressed")
    async def suppress(
        self, id: FromPath[UUID], data: JSONBody[Suppression], session: Session
    ) -> RecordView:
        """Take a record out of the public catalogue, or let it back in."""
        row = await service.suppress(session, id, data.suppressed)
        return service.record_view(row)
