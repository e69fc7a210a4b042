"""What a branch takes along of what its readers have borrowed elsewhere."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans.models import Borrowed
from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.exporting import first_numbers

HEARD = ("barcode", "title", "lent_at", "due_at", "renewals", "returned_at", "outcome", "as_of")


async def borrowed_told(session: AsyncSession, rows: Sequence[Borrowed]) -> list[Line]:
    cards = await first_numbers(session, [row.person_id for row in rows])
    lenders = await codes(session, {row.lender_id for row in rows})
    return [
        {"card": cards.get(row.person_id), "lender": lenders.get(row.lender_id)}
        | plain(row, *HEARD)
        for row in rows
    ]


BELONGINGS = (
    Belonging(
        name="borrowed.jsonl",
        zh="本馆读者在他馆的借阅，以他馆所告为准",
        en="What our own readers have borrowed at other branches, as those have told",
        rows=select(Borrowed).where(Borrowed.lender_id != func.pinakes_tenant()),
        key=Borrowed.id,
        told=borrowed_told,
    ),
)
