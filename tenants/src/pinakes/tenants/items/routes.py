"""Items over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from pinakes.platform.http import Session
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once
from pinakes.tenants.items import service
from pinakes.tenants.items.machine import Action, Status
from pinakes.tenants.items.models import Item
from pinakes.tenants.items.schemas import ItemChange, ItemView, NewItem

Barcode = Annotated[str | None, Parameter(max_length=64)]


class Items(Controller):
    path = "/items"
    tags = ("items",)

    @get()
    async def list(
        self,
        session: Session,
        barcode: FromQuery[Barcode] = None,
        record: FromQuery[UUID | None] = None,
        status: FromQuery[Status | None] = None,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[ItemView]:
        """The branch's items, newest first: all, of a record, in a status, or with a barcode."""
        rows = service.listed(barcode, record, status)
        return await newest(session, rows, Item.id, ItemView.of, after=after, limit=limit)

    @get("/{id:uuid}")
    async def show(self, id: FromPath[UUID], session: Session) -> ItemView:
        """One item."""
        return ItemView.of(await service.find(session, id))

    @post()
    @once
    async def add(self, data: JSONBody[NewItem], session: Session) -> ItemView:
        """Put a copy into stock."""
        return ItemView.of(await service.add(session, data))

    @patch("/{id:uuid}")
    async def change(
        self, id: FromPath[UUID], data: JSONBody[ItemChange], session: Session
    ) -> ItemView:
        """Correct what is written about an item."""
        return ItemView.of(await service.change(session, id, data))

    @post("/{id:uuid}/{action:str}", status_code=200)
    @once
    async def act(self, id: FromPath[UUID], action: FromPath[Action], session: Session) -> ItemView:
        """Move an item one step: shelve, process, miss, lose, damage, withdraw."""
        return ItemView.of(await service.act(session, id, action))
