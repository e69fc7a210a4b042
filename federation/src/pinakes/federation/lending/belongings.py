"""What a branch takes along of requests: its readers' own, and those in which it took part."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.models import PartyRow, Request
from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.exporting import first_numbers

WISHED = (
    "id", "title", "kind", "service", "needed_by", "note", "in_house", "attempt", "state", "over",
    "created_at", "changed_at",
)  # fmt: skip
STOOD = ("role", "attempt", "state", "service", "over", "created_at", "changed_at")


async def requests_told(session: AsyncSession, rows: Sequence[Request]) -> list[Line]:
    cards = await first_numbers(session, [row.person_id for row in rows])
    pickups = await codes(session, {row.pickup_id for row in rows})
    return [
        {"card": cards.get(row.person_id), "pickup": pickups.get(row.pickup_id)}
        | plain(row, *WISHED)
        for row in rows
    ]


async def parts_told(session: AsyncSession, rows: Sequence[PartyRow]) -> list[Line]:
    """Without their notes and labels: these tell of other branches' readers."""
    ids = {id for row in rows for id in (row.home_id, row.pickup_id, row.supplier_id) if id}
    known = await codes(session, ids)
    return [
        {"request": row.request_id, "home": known.get(row.home_id)}
        | {"pickup": known.get(row.pickup_id), "supplier": known.get(row.supplier_id or 0)}
        | plain(row, *STOOD)
        for row in rows
    ]


BELONGINGS = (
    Belonging(
        name="requests.jsonl",
        zh="本馆读者的请求和预约：进行中的（over 为 false）以及按规定仍保留的历史",
        en="Requests and reservations of our own readers: those under way (over is false), and of "
        "the history what is still kept",
        rows=select(Request),
        key=Request.id,
        told=requests_told,
    ),
    Belonging(
        name="supplies.jsonl",
        zh="本馆作为所属馆、供书馆或取书馆参与的请求，各处于何种状态；不含他馆读者的信息",
        en="Where the branch stands in requests as home, supplier or place of pickup; nothing of "
        "other branches' readers",
        rows=select(PartyRow),
        key=PartyRow.id,
        told=parts_told,
    ),
)
