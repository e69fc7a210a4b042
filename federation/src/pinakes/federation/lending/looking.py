"""Looks at requests: a reader's own list, and one request whole."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import JSON, Uuid, and_, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from pinakes.federation.holds.service import place_of
from pinakes.federation.lending import service
from pinakes.federation.lending.chosen import Choice
from pinakes.federation.lending.fetching import Work, works
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow, Request
from pinakes.federation.lending.pausing import asleep
from pinakes.federation.lending.rows import Found, found_of
from pinakes.federation.lending.schemas import (
    MyRequest,
    RequestView,
)
from pinakes.platform.audit import Audit
from pinakes.platform.clock import now
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Conflict
from pinakes.platform.identity import Principal
from pinakes.tenants.catalogue.marc import Title
from pinakes.tenants.readers.rules import Presented

MOST = 200
UNASKED = ("UNFILLED", "LOST", "INVALID_PATRON", "CLOSED_DUPLICATE", "MANUALLY_CLOSED")
SHOWN = (
    text("""
        SELECT e.id, h.title_fields
        FROM unnest(CAST(:editions AS uuid[])) AS e (id) CROSS JOIN LATERAL (
            SELECT title_fields FROM commons.holding WHERE edition_id = e.id
            ORDER BY tenant_id LIMIT 1) AS h
    """)
    .bindparams(bindparam("editions", type_=ARRAY(Uuid())))
    .columns(id=Uuid(), title_fields=JSON())
)
TOLD_FOR = timedelta(days=14)


class Stage(Struct):
    """One thing that somebody at this branch, or a message, did with a request."""

    at: datetime
    operation: str
    role: str
    result: str


class WholeRequest(Struct):
    """A request as one branch knows it; *request* and *chosen* at the reader's home alone.

    *chosen*: by attempt, which rule decided, who was considered, and with which figures; while
    it waits, why nobody could be asked; of a copy that came free, whom the queue considered.
    """

    request: RequestView | None
    parties: list[Work]
    history: list[Stage]
    chosen: list[Choice]


class RequestsAtHome(Conflict):
    code = "requests_at_home"
    title = "Requests are placed at the reader's home library"


def asks_at_home(asker: Principal, here: Tenant) -> UUID | None:
    """The reader who asks for himself, at home; none at a desk, which has a reader's card."""
    if asker.person is not None and asker.home != here.code:
        raise RequestsAtHome("Send it to your home branch.", home=asker.home)
    return asker.person


def at_home(card: Presented, here: Tenant) -> UUID:
    """The reader of this branch who bears the card."""
    if card.home_id != here.id:
        raise RequestsAtHome("Ask there; the book may still be collected here.")
    return card.person_id


async def mine(
    session: AsyncSession, directory: Directory, person: UUID, *, over_too: bool = False
) -> list[MyRequest]:
    """A reader's requests, newest first, with the next step and its date.

    What ended though its reader wanted it stays on the list for two weeks.
    """
    ended = and_(Request.state.in_(UNASKED), Request.changed_at > now() - TOLD_FOR)
    rows = service.listed(person, over_too=True)
    rows = rows if over_too else rows.where(or_(~Request.over, ended))
    wishes = (await session.scalars(rows.order_by(Request.id.desc()).limit(MOST))).all()
    waiting = await asleep(session, [wish.id for wish in wishes])
    attempts = await attempts_at(session, [wish.id for wish in wishes])
    told = [
        MyRequest.told(
            wish,
            attempts[wish.id, wish.attempt],
            await place_of(session, wish.id) if wish.state == "WAITING" else None,
            directory,
            waiting,
        )
        for wish in wishes
    ]
    authors = await authors_of(session, {one.edition for one in told if one.edition})
    for one in told:
        one.author = authors.get(one.edition)
    return told


async def brought(
    session: AsyncSession, directory: Directory, person: UUID
) -> dict[tuple[str, str], UUID]:
    """A reader's open requests whose book is known, by where it is collected and its barcode.

    Where another book bears the same barcode, it goes by its owner's code, too.
    """
    party = PartyRow.request_id, PartyRow.pickup_id, PartyRow.supplier_id, PartyRow.facts
    rows = await session.execute(
        select(*party)
        .join(Request, and_(Request.id == PartyRow.request_id, Request.attempt == PartyRow.attempt))
        .where(PartyRow.role == Role.REQUESTER, PartyRow.tenant_id == Request.tenant_id)
        .where(Request.person_id == person, ~Request.over)
    )
    found: dict[tuple[str, str], UUID] = {}
    for row in rows:
        if row.facts.get("barcode") and row.supplier_id in directory.ids:
            book, owner = row.facts["barcode"], directory.ids[row.supplier_id].code
            for name in (book, f"{owner}/{book}"):
                found[directory.ids[row.pickup_id].code, name] = row.request_id
    return found


async def attempts_at(
    session: AsyncSession, requests: Sequence[UUID]
) -> dict[tuple[UUID, int], Found]:
    """Where the home stands in every attempt at these."""
    asking = select(PartyRow).where(PartyRow.role == Role.REQUESTER)
    rows = await session.scalars(asking.where(PartyRow.request_id.in_(requests)))
    return {(row.request_id, row.attempt): found_of(row) for row in rows}


async def authors_of(session: AsyncSession, editions: set[UUID]) -> dict[UUID | None, str]:
    """Who made each of these titles, as a branch that shows it says."""
    rows = await session.execute(SHOWN, {"editions": sorted(editions)})
    return {row.id: msgspec.convert(row.title_fields, Title).by for row in rows}


async def asked_before(session: AsyncSession, id: UUID) -> Sequence[Request]:
    """What else its reader waits for under the same title, oldest first."""
    this = aliased(Request)
    same = or_(
        Request.edition_id == this.edition_id, func.lower(Request.title) == func.lower(this.title)
    )
    twins = and_(Request.person_id == this.person_id, Request.id != this.id, same)
    rows = select(Request).join(this, twins).where(this.id == id, ~Request.over)
    return (await session.scalars(rows.order_by(Request.id).limit(MOST))).all()


async def whole(session: AsyncSession, directory: Directory, id: UUID) -> WholeRequest:
    """One request as this branch knows it, or NoSuchRequest."""
    parties = await service.parties(session, id)
    if not parties:
        raise service.NoSuchRequest("This branch is no party to it.")
    wish = await session.scalar(select(Request).where(Request.id == id))
    steps = await session.scalars(
        select(Audit).where(Audit.subject == str(id)).order_by(Audit.id).limit(MOST)
    )
    rows = await session.execute(
        select(PartyRow.id, PartyRow.reasons).where(
            PartyRow.request_id == id, PartyRow.reasons.is_not(None)
        )
    )
    kept = {row.id: row.reasons for row in rows}
    told = [replace(one, reasons=kept.get(one.id)) for one in parties]
    shown = await works(session, directory, told)
    return WholeRequest(
        request=RequestView.of(wish, directory) if wish else None,
        parties=shown,
        history=[Stage(one.created_at, one.operation, one.role, one.result) for one in steps],
        chosen=[one.choice for one in shown if one.choice],
    )
