"""What a branch takes along of requests, and of books that are under way."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.models import Arrival, PartyRow, Request, Transit
from pinakes.platform.belongings import Belonging, Line, plain
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.exporting import first_numbers

WISHED = (
    "id", "title", "kind", "service", "needed_by", "note", "in_house", "attempt", "state", "over",
    "created_at", "changed_at",
)  # fmt: skip
STOOD = ("role", "attempt", "state", "service", "over", "created_at", "changed_at")

MOVED = ("leg", "barcode", "title", "parcel", "shipped_at", "received_at", "lost_at",
         "settled_at")  # fmt: skip
CAME = ("barcode", "title", "state", "parcel", "created_at")


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


async def ways_told(session: AsyncSession, rows: Sequence[Transit]) -> list[Line]:
    known = await codes(session, {id for row in rows for id in (row.from_id, row.to_id)})
    return [
        {"from": known.get(row.from_id), "to": known.get(row.to_id), **plain(row, *MOVED)}
        for row in rows
    ]


async def arrivals_told(session: AsyncSession, rows: Sequence[Arrival]) -> list[Line]:
    known = await codes(session, {id for row in rows for id in (row.owner_id, row.send_to) if id})
    return [
        {"owner": known.get(row.owner_id or 0), "send_to": known.get(row.send_to or 0)}
        | plain(row, *CAME)
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
    Belonging(
        name="ways.jsonl",
        zh="在途及曾在途的图书：自何馆至何馆、何时发出和收到",
        en="Books that are or were under way: from which branch to which, sent and received when",
        rows=select(Transit),
        key=Transit.id,
        told=ways_told,
    ),
    Belonging(
        name="arrivals.jsonl",
        zh="读者还到本馆的他馆图书",
        en="Books of other branches that readers gave back here",
        rows=select(Arrival),
        key=Arrival.id,
        told=arrivals_told,
    ),
)
