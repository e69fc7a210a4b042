"""What can be done with branches that are there."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from pinakes.platform.audit import note
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import NoSuchTenant
from pinakes.platform.errors import Conflict
from pinakes.platform.identity import Principal
from pinakes.tenants.registry.machine import Action, State, move
from pinakes.tenants.registry.models import Tenant
from pinakes.tenants.registry.schemas import BranchView
from pinakes.tenants.registry.tree import parental

SHOWN = frozenset({State.ACTIVE, State.SUSPENDED, State.LEAVING})  # in the public directory
MOST = 5000

Parent = aliased(Tenant)


UNTAKEN = text("SELECT branch_untaken()")  # the catalogue knows


class NotTakenOut(Conflict):
    code = "not_taken_out"
    title = "The branch has not taken everything along yet"


class BranchesBelow(Conflict):
    code = "branches_below"
    title = "Other branches stand below this one"


@asynccontextmanager
async def change(
    database: Database,
    asker: Principal,
    tenant: int,
    operation: str,
    *,
    subject: object = None,
    closed_too: bool = False,
) -> AsyncGenerator[AsyncSession]:
    """Write public rows about *tenant*, with a line in its audit log.

    Two roles write, so there are two transactions. The log's ends first: a
    crash between them leaves a line too many, never a change without a line.
    """
    async with public_work(database.public) as public:
        yield public
        await public.flush()
        async with unit_of_work(database.app, tenant, asker, closed_too=closed_too) as session:
            note(session, operation, subject)


async def act(database: Database, asker: Principal, id: int, action: Action) -> Tenant:
    """Move one branch one step. What it may not do afterwards it may not do at once."""
    operation = f"tenants.{action}"
    if action is Action.CLOSE:
        await refuse_untaken(database, id)
    async with change(database, asker, id, operation, subject=id, closed_too=True) as public:
        row = (await public.scalars(select(Tenant).where(Tenant.id == id).with_for_update())).one()
        if action in {Action.LEAVE, Action.CLOSE}:
            await refuse_parent(public, row)
        row.state = move(row.state, action)
    return row


async def refuse_untaken(database: Database, id: int) -> None:
    """Raise NotTakenOut while a leaving branch has what it has not taken along."""
    async with unit_of_work(database.app, id, closed_too=True) as session:
        if await session.scalar(UNTAKEN):
            raise NotTakenOut("Write it into a file first: pinakes catalogue takeout.")


async def refuse_parent(public: AsyncSession, row: Tenant) -> None:
    """Raise BranchesBelow while somebody still stands below *row*."""
    if await parental(public, row.id):
        raise BranchesBelow(f"The branches below {row.code} must have gone before.")


async def coded(session: AsyncSession, code: str) -> Tenant:
    """The branch of this code, whatever its state, or NoSuchTenant."""
    row = await session.scalar(select(Tenant).where(Tenant.code == code))
    if row is None:
        raise NoSuchTenant("No branch has this code.")
    return row


async def found(database: Database, code: str, above: int | None = None) -> Tenant:
    """The branch of this code (below the branch *above*), or NoSuchTenant."""
    async with public_work(database.app) as session:
        row = await coded(session, code)
    if above is not None and above not in row.path[:-1]:
        raise NoSuchTenant("No branch below this one has this code.")
    return row


async def view(session: AsyncSession, row: Tenant) -> BranchView:
    """The branch with its parent's code."""
    parent = await session.get(Tenant, row.parent_id) if row.parent_id else None
    return BranchView.of(row, parent.code if parent else None)


async def listed(
    session: AsyncSession,
    *where: ColumnElement[bool],
    after: str = "",
    limit: int = MOST,
) -> Sequence[BranchView]:
    """Branches in the order of their codes, from behind *after*."""
    rows = await session.execute(
        select(Tenant, Parent.code)
        .outerjoin(Parent, Parent.id == Tenant.parent_id)
        .where(Tenant.code > after, *where)
        .order_by(Tenant.code)
        .limit(limit)
    )
    return [BranchView.of(row, parent) for row, parent in rows]


async def all_listed(
    session: AsyncSession, *where: ColumnElement[bool], at_once: int = MOST
) -> Sequence[BranchView]:
    """All of them, however many there are."""
    rows, after = list[BranchView](), ""
    while len(page := await listed(session, *where, after=after, limit=at_once)) == at_once:
        rows += page
        after = page[-1].code
    return [*rows, *page]


def shown() -> ColumnElement[bool]:
    """Whether everybody may know of a branch."""
    return Tenant.state.in_(SHOWN)
