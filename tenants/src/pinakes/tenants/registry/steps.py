"""The steps of moving in: each may be taken twice."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pinakes.platform.audit import note
from pinakes.platform.db import unit_of_work
from pinakes.platform.identity import Principal, Role
from pinakes.tenants.registry import placement, settings
from pinakes.tenants.registry.doors import Doors
from pinakes.tenants.registry.machine import Action, Kind
from pinakes.tenants.registry.models import Tenant
from pinakes.tenants.registry.schemas import NewBranch
from pinakes.tenants.registry.service import act, change
from pinakes.tenants.staff.service import employ


@dataclass(slots=True)
class Move:
    """One branch that is moving in."""

    doors: Doors
    asker: Principal
    wish: NewBranch
    row: Tenant
    password: str | None = field(default=None, repr=False)


async def row(move: Move) -> None:
    """The row is there; who asked for it is written down."""
    async with unit_of_work(
        move.doors.database.app, move.row.id, move.asker, closed_too=True
    ) as session:
        note(session, "tenants.create", move.row.id)


async def store(move: Move) -> None:
    """A bucket, and the row that says where it is."""
    placed = placement.first_placement(move.row.code)
    await move.doors.objects.make_bucket(placed)
    async with unit_of_work(move.doors.database.app, move.row.id, closed_too=True) as session:
        await placement.place(session, placed)


async def organization(move: Move) -> None:
    """The branch as the issuer knows it."""
    name = move.row.name_zh or move.row.name_en
    await move.doors.accounts.ensure_organization(move.row.code, name)


async def policies(move: Move) -> None:
    """What is a branch's own from the first day; all else it inherits."""
    if move.row.kind == Kind.POINT:  # catalogues under its parent's name
        return
    database, id = move.doors.database, move.row.id
    async with change(database, move.asker, id, "settings.decide", closed_too=True) as public:
        key = "catalogue.agency"
        if not (await settings.effective(public, id, key)).locked:
            await settings.decide(public, id, key, move.row.code)


async def staff(move: Move) -> None:
    """The first account. Its password is told once, so a run that was cut short makes another."""
    async with unit_of_work(
        move.doors.database.app, move.row.id, move.asker, closed_too=True
    ) as session:
        _, move.password = await employ(
            session,
            move.doors.accounts,
            move.row.code,
            name=move.wish.admin,
            role=Role.ADMINISTRATOR,
            below=True,
        )


async def active(move: Move) -> None:
    """From now on it may be entered."""
    move.row = await act(move.doors.database, move.asker, move.row.id, Action.ACTIVATE)


STEPS: Mapping[str, Callable[[Move], Awaitable[None]]] = {
    step.__name__: step for step in (row, store, organization, policies, staff, active)
}
