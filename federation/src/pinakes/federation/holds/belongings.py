"""What a branch takes along of the queues: where its own readers' requests wait."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.holds.models import Wanted
from pinakes.platform.belongings import Belonging, Line, plain

WAITS = ("placed_at", "place", "suspended_until", "offered_at")


async def waiting_told(session: AsyncSession, rows: Sequence[Wanted]) -> list[Line]:
    return [
        {"request": row.request_id, "edition": row.edition_id, **plain(row, *WAITS)} for row in rows
    ]


BELONGINGS = (
    Belonging(
        name="waiting.jsonl",
        zh="本馆读者正在排队的请求：自何时起、当时第几位（request 见 requests.jsonl 的 id）",
        en="Requests of our own readers that wait for a copy: since when, and at which place they "
        "began (request is the id in requests.jsonl)",
        rows=select(Wanted).where(Wanted.home == func.pinakes_tenant()),
        key=Wanted.request_id,
        told=waiting_told,
    ),
)
