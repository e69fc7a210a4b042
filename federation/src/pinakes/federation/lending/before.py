"""What stands behind the warning that a reader has a title already, or waits for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.discovery.views import Hit
from pinakes.federation.lending import service
from pinakes.federation.lending.looking import at_home
from pinakes.federation.lending.models import Request
from pinakes.federation.lending.schemas import NewRequest
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.tenants.circulation.hot import Desk
from pinakes.tenants.readers import cards

FEW = 10
LENT = text("""
    SELECT lender_id, due_at FROM borrowed
    WHERE tenant_id = pinakes_tenant() AND person_id = :person AND returned_at IS NULL
      AND lower(title) = lower(CAST(:title AS text))
    ORDER BY due_at LIMIT :few
""")


class Lent(NamedTuple):
    """A loan of it: from which branch, and until when."""

    library: Tenant
    due: datetime


class Before(NamedTuple):
    """A reader's open loans of a title, and open requests for it, oldest first."""

    loans: Sequence[Lent]
    requests: Sequence[Request]


async def before(database: Database, desk: Desk, wish: NewRequest, hit: Hit | None) -> Before:
    """What whoever asks here, or whose card the desk has, holds of what is wished for now."""
    title = hit.title if hit else wish.title
    async with unit_of_work(database.app, desk.here.id, desk.asker) as session:
        person = desk.asker.person
        if person is None:
            person = at_home(await cards.present(session, wish.card or ""), desk.here)
        told = {"person": person, "title": title, "few": FEW}
        rows = await session.execute(LENT, told)
        loans = [Lent(desk.directory.ids[row.lender_id], row.due_at) for row in rows]
        return Before(loans, await waiting(session, person, wish.edition, title))


async def waiting(
    session: AsyncSession, person: UUID, edition: UUID | None, title: str
) -> Sequence[Request]:
    """What *person* has asked for and has not got."""
    same = [func.lower(Request.title) == func.lower(title)]
    if edition is not None:
        same.append(Request.edition_id == edition)
    rows = service.listed(person, over_too=False).where(or_(*same))
    return (await session.scalars(rows.order_by(Request.id).limit(FEW))).all()
