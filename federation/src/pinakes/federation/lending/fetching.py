"""What a hand needs to fetch a copy: parties of ours, with where their copies stand."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Row, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.chosen import Choice
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.rows import Found, found_of
from pinakes.federation.lending.schemas import PartyView, moment
from pinakes.federation.lending.worklists import worklist
from pinakes.platform.clock import local
from pinakes.platform.directory import Directory
from pinakes.platform.paging import Page, oldest
from pinakes.tenants.catalogue.marc import Title

# Of the item that is chosen, or that is wanted and no other; else of every copy that could be.
COPIES = text("""
    SELECT p.id, r.title_fields, (
        SELECT jsonb_agg(DISTINCT jsonb_build_object('call_number', i.call_number,
            'location', i.location, 'copy', CASE i.id WHEN this.copy THEN i.copy END))
        FROM item i
        WHERE i.tenant_id = p.tenant_id AND i.record_id = r.id AND i.guest_of IS NULL
          AND (i.id = this.copy OR this.copy IS NULL AND i.status = 'on_shelf'
               AND i.kind <> 'reference'
               AND commons.fits(p.facts -> 'fits', i.kind))) AS marks
    FROM request_party p
    LEFT JOIN item chosen ON chosen.tenant_id = p.tenant_id AND chosen.id = p.item_id
    JOIN record r ON r.tenant_id = p.tenant_id
                 AND r.id = coalesce(chosen.record_id, (p.facts ->> 'record')::uuid)
    CROSS JOIN LATERAL (
        SELECT coalesce(chosen.id, (p.facts ->> 'wanted_item')::uuid) AS copy) AS this
    WHERE p.tenant_id = pinakes_tenant() AND p.id = ANY (:parties) AND p.role <> 'requester'
""").bindparams(bindparam("parties", type_=ARRAY(Uuid())))
READ = COPIES.columns(id=Uuid(), title_fields=JSONB(), marks=JSONB())


class ShelfMark(Struct, frozen=True):
    """Where a copy stands in our house; ``copy``: of one alone, which copy or volume it is."""

    call_number: str
    location: str | None
    copy: str | None


class Work(PartyView, kw_only=True):
    """A party that waits for a hand, and by what its copy is fetched; see ``PartyView``.

    *edition* and *needed_by* (the last day, at the reader's home) as far as the party was told.
    """

    edition: UUID | None = None  # the title in the catalogue
    needed_by: date | None = None
    to_put_back: datetime | None = None  # since when it stands on the hold shelf for nobody
    author: str | None = None
    shelf_marks: list[ShelfMark] = []
    choice: Choice | None = None  # at the home alone: why this supplier, or why nobody

    @classmethod
    def at(cls, found: Found, directory: Directory, copy: Row[Any] | None) -> Self:
        """The party *found*, with what our shelves know of its *copy*, if it is one of ours."""
        told: dict[str, Any] = msgspec.structs.asdict(PartyView.of(found, directory))
        known: dict[str, Any] = told | wanted(found, directory)
        known["choice"] = choice(found, directory)
        if copy is None:
            return cls(**known)
        marks = msgspec.convert(copy.marks or [], list[ShelfMark])
        return cls(
            **known,
            author=msgspec.convert(copy.title_fields, Title).by or None,
            shelf_marks=[one for one in marks if one.call_number or one.location or one.copy],
        )


async def waiting(
    session: AsyncSession, directory: Directory, name: str, after: str | None, limit: int
) -> Page[Work]:
    """One page of a worklist, the longest waiting first; NoSuchWorklist, CursorMalformed."""
    rows = worklist(name)
    found = await oldest(session, rows, PartyRow.id, found_of, after=after, limit=limit)
    return Page(await works(session, directory, found.items), found.next)


async def works(
    session: AsyncSession, directory: Directory, parties: Sequence[Found]
) -> list[Work]:
    """Each of the *parties* of this branch, as people work on it."""
    rows = await session.execute(READ, {"parties": [one.id for one in parties]})
    copies = {row.id: row for row in rows}
    return [Work.at(one, directory, copies.get(one.id)) for one in parties]


def wanted(found: Found, directory: Directory) -> dict[str, Any]:
    """Which title it is, until when somebody wants it, or since when nobody does any more."""
    party = found.party
    title, last = party.facts.get("edition"), moment(party.facts.get("needed_by"))
    zone = directory.ids[party.home].zone
    return {
        "edition": UUID(str(title)) if title else None,
        "needed_by": local(last, zone).date() if last else None,
        "to_put_back": moment(party.facts.get("since")) if "put_back" in party.acts else None,
    }


def choice(found: Found, directory: Directory) -> Choice | None:
    """Why this party asked whom it asked, as it was listed."""
    if not found.reasons:
        return None
    return Choice.of(found.party.attempt, found.reasons, directory)
