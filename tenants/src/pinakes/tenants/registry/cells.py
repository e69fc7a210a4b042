"""Other cells of the deployment, and which branches live there: an operator says so in each cell.

A branch moves by numbers: whoever brings it over takes the next epoch, and mail that its old cell
still sends in its name counts no longer.
"""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.clock import now
from pinakes.platform.errors import Conflict, NotFound
from pinakes.tenants.registry.models import Cell, Tenant
from pinakes.tenants.registry.service import coded


class NoSuchCell(NotFound):
    code = "no_such_cell"
    title = "There is no such cell"


class EpochNotNew(Conflict):
    code = "epoch_not_new"
    title = "The branch has moved as often already"


async def listed(session: AsyncSession) -> Sequence[Cell]:
    """Every other cell that was ever registered here."""
    return (await session.scalars(select(Cell).order_by(Cell.code))).all()


async def addresses(session: AsyncSession) -> dict[str, str]:
    """Where the cells that count take mail."""
    return {cell.code: cell.address for cell in await listed(session) if not cell.revoked_at}


async def key_of(session: AsyncSession, code: str) -> bytes | None:
    """The public key of a cell that counts."""
    cell = await session.get(Cell, code)
    return cell.key if cell and not cell.revoked_at else None


async def join(public: AsyncSession, code: str, address: str, key: bytes) -> None:
    """Register a cell, or its new address and key; one that was revoked counts again."""
    row = insert(Cell).values(code=code, address=address.rstrip("/"), key=key)
    change = {"address": row.excluded.address, "key": row.excluded.key, "revoked_at": None}
    await public.execute(row.on_conflict_do_update(index_elements=["code"], set_=change))


async def revoke(public: AsyncSession, code: str) -> None:
    """Let its mail count no longer, and send none there; or NoSuchCell."""
    order = update(Cell).where(Cell.code == code).values(revoked_at=now()).returning(Cell.code)
    if await public.scalar(order) is None:
        raise NoSuchCell("See pinakes cells list.")


async def settle(public: AsyncSession, branch: str, cell: str | None, epoch: int) -> None:
    """Say where the branch lives (none: here) since its move number *epoch*.

    Raises:
        NoSuchTenant, NoSuchCell, EpochNotNew
    """
    row: Tenant = await coded(public, branch)
    if cell is not None and await public.get(Cell, cell) is None:
        raise NoSuchCell("Register it first: pinakes cells join.")
    if epoch <= row.epoch:
        raise EpochNotNew(f"Say at least {row.epoch + 1}.", epoch=row.epoch)
    row.cell, row.epoch = cell, epoch
    await public.flush()
