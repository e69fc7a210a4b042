"""What a branch takes along of notices: which readers want them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices.models import NoticeChoice
from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.readers.exporting import ASKED_ANEW, first_numbers


async def choices_told(session: AsyncSession, rows: Sequence[NoticeChoice]) -> list[Line]:
    cards = await first_numbers(session, [row.person_id for row in rows])
    return [{"card": cards.get(row.person_id), **plain(row, "wanted", "language")} for row in rows]


BELONGINGS = (
    Belonging(
        name="notices.jsonl",
        zh="读者是否要通知、用哪种语言（未作选择者不列）",
        en="Which readers want notices, in which language; whoever has not chosen is not here",
        rows=select(NoticeChoice),
        key=NoticeChoice.id,
        told=choices_told,
        reason=ASKED_ANEW,
    ),
)
