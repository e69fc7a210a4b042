"""The steps of moving in: each may be taken twice, in a transaction of its own."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import public_work
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal, Role
from pinakes.platform.login import Accounts
from pinakes.tenants.registry import placement, settings
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.models import Tenant
from pinakes.tenants.registry.schemas import NewBranch
from pinakes.tenants.staff.service import employ

AGENCY = "catalogue.agency"


@dataclass(slots=True)
class Move:
    """One branch that is moving in."""

    doors: Doors
    asker: Principal
    wish: NewBranch
    row: Tenant
    password: str | None = field(default=None, repr=False)


async def row(move: Move, session: AsyncSession) -> None:
    """The row is there; who asked for it is written down."""
    note(session, "tenants.create", move.row.id)


async def store(move: Move, session: AsyncSession) -> None:
    """A bucket, and the row that says where it is."""
    placed = placement.first_placement(move.row.code)
    await move.doors.objects.make_bucket(placed)
    await placement.place(session, placed)


async def organization(move: Move, session: AsyncSession) -> None:
    """The branch as the issuer knows it."""
    await name_organization(move.doors.accounts, move.row)


async def name_organization(accounts: Accounts, row: Tenant) -> None:
    """Call it there what it is called here, in both languages."""
    await accounts.ensure_organization(row.code, row.name_zh or row.name_en, row.name_en)


async def policies(move: Move, session: AsyncSession) -> None:
    """What is a branch's own from the first day; all else it inherits."""
    if move.row.kind == Kind.POINT:  # catalogues under its parent's name
        return
    with suppress(settings.SettingLocked):
        async with public_work(move.doors.database.public) as public:
            await settings.decide(public, move.row.id, AGENCY, move.row.code)
        note(session, "settings.decide", AGENCY)


async def staff(move: Move, session: AsyncSession) -> None:
    """The first account. Its password is told once, so a run that was cut short makes another."""
    name, code, people = move.wish.admin, move.row.code, move.doors.accounts
    _, move.password = await employ(session, people, code, name, Role.ADMINISTRATOR, below=True)


STEPS: Mapping[str, Callable[[Move, AsyncSession], Awaitable[None]]] = {
    step.__name__: step for step in (row, store, organization, policies, staff)
}
