"""A branch changes its name, its host, or its place in the tree; what it owns goes with it."""

from msgspec import UNSET
from msgspec.structs import asdict
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import Conflict
from pinakes.tenants.registry.machine import State, fit
from pinakes.tenants.registry.models import VERSION, Tenant
from pinakes.tenants.registry.schemas import ChangedBranch
from pinakes.tenants.registry.tree import HostTaken, check_name, check_zone, open_parent, own_tree
from pinakes.tenants.registry.tree import under as stands_under


class BranchGone(Conflict):
    code = "branch_gone"
    title = "This branch has left for ever"


class OtherConsortium(Conflict):
    code = "other_consortium"
    title = "A branch stays in its consortium"


async def change_branch(public: AsyncSession, id: int, wish: ChangedBranch) -> Tenant:
    """Write what *wish* says; what it does not name stays."""
    await own_tree(public)
    row = (await public.scalars(select(Tenant).where(Tenant.id == id).with_for_update())).one()
    if row.state == State.GONE:
        raise BranchGone(f"{row.code} is kept for the record alone.")
    told = {name: value for name, value in asdict(wish).items() if value is not UNSET}
    parent = told.pop("parent", UNSET)
    if "zone" in told:
        await check_zone(public, told["zone"])
    for name, value in told.items():
        setattr(row, name, value)
    check_name(row.name_zh, row.name_en)
    if parent is not UNSET:
        await move(public, row, await open_parent(public, parent))
    try:
        await public.flush()
    except IntegrityError as error:
        raise HostTaken(f"Another branch answers at {told.get('host')}.") from error
    return row


async def move(public: AsyncSession, row: Tenant, parent: Tenant) -> None:
    """Stand below *parent* from now on, with all branches below.

    Kinds keep the tree a tree: nobody below a branch is of a kind that it may stand below.
    """
    fit(row.kind, parent.kind)
    if parent.consortium_id != row.consortium_id:
        raise OtherConsortium(f"{parent.code} belongs to another consortium.")
    path, rest = [*parent.path, row.id], len(row.path) + 1
    await public.execute(
        update(Tenant)
        .where(stands_under(row.id))
        .values(
            path=path + Tenant.path[rest : func.cardinality(Tenant.path)],
            version=VERSION.next_value(),
        )
        .execution_options(synchronize_session=False)
    )
    row.parent_id, row.path = parent.id, path
