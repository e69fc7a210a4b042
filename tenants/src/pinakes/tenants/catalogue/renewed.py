"""Which rows an import has written anew: told by what is kept of them until it is taken back."""

from collections.abc import AsyncGenerator
from uuid import UUID

from msgspec import Struct
from sqlalchemy import func, select

from pinakes.platform.former import Former
from pinakes.tenants.catalogue.giving import Open

AT_ONCE = 1000  # rows in one transaction
NOWHERE = UUID(int=0)


class Renewed(Struct):
    """A row that was here before the import, by what it is known by at its branch."""

    id: UUID
    kind: str  # record, authority, item
    control_number: str
    barcode: str


async def all_of(opened: Open, job: UUID) -> AsyncGenerator[list[Renewed]]:
    """All of them, some at a time; none any more once the import has been taken back."""
    last = NOWHERE
    while True:
        async with opened() as session:
            some = await session.execute(
                select(
                    Former.row_id,
                    Former.kind,
                    func.coalesce(Former.was["control_number"].astext, ""),
                    func.coalesce(Former.was["barcode"].astext, ""),
                )
                .where(Former.job_id == job, Former.row_id > last)
                .order_by(Former.row_id)
                .limit(AT_ONCE)
            )
            rows = [Renewed(*row) for row in some]
        yield rows
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].id
