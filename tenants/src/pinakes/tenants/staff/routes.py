"""Staff over HTTP: for the administrator of the branch, or of one above it."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import Controller, Request, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from pinakes.platform.http import Data, Here, Session
from pinakes.platform.identity import Role
from pinakes.platform.paging import Page
from pinakes.platform.words import whole
from pinakes.tenants.staff import models, service
from pinakes.tenants.staff.revocations import Revocations

Name = Annotated[str, Meta(pattern=whole(r"[a-z][a-z0-9._-]{1,39}"))]
Given = Literal["desk", "cataloguer", "administrator"]


class NewStaff(Struct, forbid_unknown_fields=True):
    """Somebody to hire; *below*: with the same rights in every branch below."""

    name: Name
    role: Given
    below: bool = False


class OtherRights(Struct, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    role: Given | None = None
    below: bool | None = None


class StaffView(Struct):
    """Somebody who works here. A password is told once, and changed at the first log-in."""

    id: UUID
    name: str
    login: str
    role: Role
    below: bool
    password: str | None = None

    @classmethod
    def of(cls, row: models.Staff, code: str, password: str | None = None) -> Self:
        login = service.log_in(row.name, code)
        return cls(row.id, row.name, login, row.role, row.below, password)


@dataclass(frozen=True, slots=True)
class Office(service.Office):
    """The office of one process."""

    known: Revocations

    async def refuse_old_tokens(self, row: models.Staff) -> None:
        """In this process at once, in others within a second."""
        await self.known.end(self.database.public, row.subject)


def opened(request: Request[object, object, State], database: Data) -> Office:
    """The office of this process."""
    state = request.app.state
    return Office(state["accounts"], database, state["revocations"])


Opened = NamedDependency[Office]


class Staff(Controller):
    path = "/staff"
    tags = ("staff",)
    dependencies = {"office": Provide(opened, sync_to_thread=False)}

    @get()
    async def list(self, session: Session, here: Here) -> Page[StaffView]:
        """Who works here."""
        return Page([StaffView.of(row, here.code) for row in await service.working(session)])

    @post()
    async def add(
        self, data: JSONBody[NewStaff], session: Session, here: Here, office: Opened
    ) -> StaffView:
        """Hire somebody; the answer holds a one-time password, which is told nowhere else."""
        row, password = await service.add(
            session, office.accounts, here.code, data.name, Role(data.role), below=data.below
        )
        return StaffView.of(row, here.code, password)

    @patch("/{id:uuid}")
    async def change(
        self,
        id: FromPath[UUID],
        data: JSONBody[OtherRights],
        session: Session,
        here: Here,
        office: Opened,
    ) -> StaffView:
        """Give somebody other rights; tokens that tell of the old ones are refused at once."""
        role = Role(data.role) if data.role else None
        row = await service.change(session, office, here.code, id, role=role, below=data.below)
        return StaffView.of(row, here.code)

    @delete("/{id:uuid}", status_code=200)
    async def remove(
        self,
        id: FromPath[UUID],
        session: Session,
        here: Here,
        office: Opened,
    ) -> StaffView:
        """Let somebody go; their tokens are refused at once."""
        row = await service.remove(session, office, id)
        return StaffView.of(row, here.code)

    @post("/{id:uuid}/password", status_code=200)
    async def renew_password(
        self,
        id: FromPath[UUID],
        session: Session,
        here: Here,
        office: Opened,
    ) -> StaffView:
        """A new one-time password for somebody who has lost theirs."""
        row, password = await service.renew_password(session, office, id)
        return StaffView.of(row, here.code, password)
