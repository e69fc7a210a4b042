"""A file is brought in from the page of imports."""

from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, post
from litestar.response import Redirect
from msgspec.structs import replace

from pinakes.platform.db import unit_of_work
from pinakes.platform.http import Asker, Data, Here
from pinakes.platform.pages import root
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.arriving import FILE, LONGEST, keep, parted
from pinakes.tenants.catalogue.room import take_room
from pinakes.tenants.catalogue.routes import LARGEST
from pinakes.tenants.catalogue.schemas import ImportWish, SheetWish

NOT_YET = UUID(int=0)


class BringingPages(Controller):
    path = "/cataloguing/imports"
    include_in_schema = False

    @post("/", request_max_body_size=LARGEST)
    async def bring(
        self, request: Request[Any, Any, Any], database: Data, here: Here, asker: Asker
    ) -> Redirect:
        """Store the file of the form, and begin its import."""
        state = request.app.state
        async with unit_of_work(database.app, here.id, asker) as session:
            await take_room(session, request.content_length or 0)
        with TemporaryFile() as file:
            told = {name: said for name, said in (await parted(request, file)).items() if said}
            name = "".join(c for c in told.pop(FILE, "") if c.isprintable())[:LONGEST]
            wish = wished(told)  # before anything is laid aside
            upload = await keep(database, here, asker, state.objects, name, file)
        wish = replace(wish, upload=upload.id)
        async with unit_of_work(database.app, here.id, asker) as session:
            if isinstance(wish, SheetWish):
                job = await service.start_sheet(session, wish)
            else:
                job = await service.start_import(session, wish)
        state.waker.wake()
        return Redirect(f"{root(request)}/cataloguing/imports/{job.id}", status_code=303)


def wished(told: dict[str, str]) -> ImportWish | SheetWish:
    """What the form says; which file it is about is not known yet."""
    if told.pop("kind", "") == service.SHEET:
        return SheetWish(NOT_YET, dry_run="dry_run" in told)
    return msgspec.convert(told | {"upload": str(NOT_YET)}, ImportWish, strict=False)
