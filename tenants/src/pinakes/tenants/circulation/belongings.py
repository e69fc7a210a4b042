"""What a branch takes along of its loans."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.exporting import first_numbers

LENT = (
    "barcode", "title", "item_kind", "reader_kind", "lent_at", "due_at", "renewals",
    "returned_at", "outcome",
)  # fmt: skip


async def loans_told(session: AsyncSession, rows: Sequence[Loan]) -> list[Line]:
    """Our own readers by their cards; of others no more than their home."""
    cards = await first_numbers(session, [row.person_id for row in rows])
    homes = await codes(session, {row.home_id for row in rows})
    return [
        {"card": cards.get(row.person_id), "home": homes.get(row.home_id), **plain(row, *LENT)}
        for row in rows
    ]


BELONGINGS = (
    Belonging(
        name="loans.jsonl",
        zh="借阅：未还的（returned_at 为空）以及按规定仍保留的历史；他馆读者只注明所属馆",
        en="Loans: those that are open (returned_at is null), and of the history what is still "
        "kept; of readers of other branches their home alone",
        rows=select(Loan),
        key=Loan.id,
        told=loans_told,
    ),
)
