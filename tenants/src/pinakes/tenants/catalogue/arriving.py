"""A file on its way in: as a part of a page's form, and into the branch's bucket."""

import asyncio
from typing import Any, BinaryIO

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import BadRequest
from pinakes.platform.identity import Principal
from pinakes.platform.language import later
from pinakes.platform.objects import Objects
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.schemas import UploadView
from pinakes.tenants.registry import placement

FILE = "file"  # the one part that may be large
FIELDS, LONGEST = 10, 200  # parts of a form; bytes of each of the others


class UploadEmpty(BadRequest):
    code = "upload_empty"
    title = "The file is empty"


class FormUnreadable(BadRequest):
    code = "form_unreadable"
    title = "This is not what the page's form sends"


async def parted(request: Request[Any, Any, Any], file: BinaryIO) -> dict[str, str]:
    """The fields of a form, among them the name of its file, whose bytes are written to *file*."""
    told: dict[str, bytes] = {}
    try:
        with PushMultipartParser(
            request.content_type[1].get("boundary", ""), max_segment_count=FIELDS
        ) as parser:
            name = ""
            async for piece in request.stream():
                for event in parser.parse(piece):
                    if isinstance(event, MultipartSegment):
                        if (name := event.name or "") in told:
                            raise MultipartError("a field comes twice")
                        told[name] = (event.filename or "").encode()
                    elif event and name == FILE:
                        await asyncio.to_thread(file.write, event)
                    elif event:
                        told[name] = short(told[name] + event)
        return {name: value.decode() for name, value in told.items()}
    except (MultipartError, UnicodeDecodeError):
        raise FormUnreadable(later("Open the page of imports, and send its form.")) from None


def short(value: bytes) -> bytes:
    if len(value) > LONGEST:
        raise MultipartError("only the file may be as long as this")
    return value


async def keep(
    database: Database, here: Tenant, asker: Principal, objects: Objects, name: str, file: BinaryIO
) -> UploadView:
    """Lay the whole *file* into the branch's bucket, or UploadEmpty, NoRoomAside."""
    if not (size := file.tell()):
        raise UploadEmpty(later("Nothing has arrived. Send a file that is not empty."))
    file.seek(0)
    async with unit_of_work(database.app, here.id, asker) as session:
        files = await placement.store(session, objects)
        id = await service.uploaded(session, name, size)
    await files.put(service.key_of_upload(id), file)
    return UploadView(id, name, size)
