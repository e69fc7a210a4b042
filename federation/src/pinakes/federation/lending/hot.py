"""The lean road of what desks do with requests: one call that reads, one call that writes.

Between them may stand one more look: whom to ask, or whose book it is that no step waits for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from pinakes.federation.holds.choosing.service import Choice, Wish, in_turn
from pinakes.federation.lending import looking, scanning, service
from pinakes.federation.lending.deciding import DECIDING
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.placing import Placing
from pinakes.federation.lending.rows import Sought, found_in
from pinakes.federation.lending.schemas import NewRequest, PartyView, Scan
from pinakes.federation.lending.turn import Choosing, Turn
from pinakes.platform.paging import Page
from pinakes.tenants.circulation.hot import Answer, Connection, Desk, Row, earlier, read, settle
from pinakes.tenants.readers import cards

READ = "SELECT * FROM read_request($1, $2, $3, $4, $5, $6, $7)"
SCAN = "SELECT * FROM read_scan($1, $2, $3)"
BOOKS = "SELECT read_books($1, $2, $3)"
WRITE = "SELECT write_request($1, $2, $3, $4, $5, $6)"
ASK = "SELECT * FROM read_place($1, $2, $3, $4, $5, $6, $7, $8, $9)"
SHORTLIST = "SELECT * FROM commons.shortlist($1, $2, $3, $4, $5, $6, $7, $8)"
PLACE = "SELECT write_place($1, $2, $3, $4, $5, $6, $7, $8)"
OK, CREATED = 200, 201


async def act(desk: Desk, whose: Sought, on: str, facts: Mapping[str, Any]) -> Answer:
    """One step of one party, by a person at this desk."""
    asked = desk.here.id, desk.key.key, *whose[:3], on, facts.get("edition")

    async def move(connection: Connection) -> Answer:
        row = await read(connection, READ, *asked)
        return earlier(row) or await moved(connection, row)

    async def moved(connection: Connection, row: Row) -> Answer:
        if row.party is None:
            raise service.NoSuchRequest("This branch is no such party of it.")
        found, work = found_in(row.party), lean(desk)
        service.refuse_others(desk.asker, found)
        work.choosing = shortlist(connection)
        done = await service.take(work, found, on, facts, row.around)
        return await written(connection, desk, work, PartyView.of(done, desk.directory))

    return await settle(desk, move)


async def own(desk: Desk, request: UUID, on: str) -> Answer:
    """A step that readers take for themselves, and the desk of their home for them."""
    return await act(desk, Sought(request, Role.REQUESTER), on, {})


async def place(desk: Desk, wish: NewRequest) -> Answer:
    """A reader of this branch wants something; whoever can supply it is asked.

    Readers ask for themselves; the desk asks for whose card it has.
    """
    person = looking.asks_at_home(desk.asker, desk.here)
    placing = Placing.of(desk.directory, desk.here, person, wish)
    card = None if person else cards.asked_for(desk.asker, desk.here.id, wish.card or "")

    async def move(connection: Connection) -> Answer:
        row = await read(connection, ASK, desk.here.id, desk.key.key, *placing.question, card)
        return earlier(row) or await moved(connection, row)

    async def moved(connection: Connection, row: Row) -> Answer:
        work = lean(desk)
        work.choosing = shortlist(connection)
        bearer = person or looking.at_home(
            cards.recognised(desk.asker, desk.here.id, row.cards), desk.here
        )
        wished = await replace(placing, person=bearer).place(work, row.facts)
        view = PartyView.of(service.last(work, Role.REQUESTER), desk.directory)
        answer, key = Answer(CREATED, msgspec.json.encode(view)), desk.key
        told = (desk.here.id, key.key, key.fingerprint, CREATED, answer.body, wished, work.work())
        await connection.fetchval(PLACE, *told, row.facts["holds"])
        return answer

    return await settle(desk, move)


def shortlist(connection: Connection) -> Choosing:
    """Whom to ask, as ``choose`` says it, by one call over this connection."""

    async def choosing(wish: Wish) -> Choice:
        whom = wish.request, wish.home, wish.pickup, wish.edition, wish.refused
        what = wish.owner, wish.record, wish.fits or None
        rows = await connection.fetch(SHORTLIST, *whom, *what, record_class=Row)
        return in_turn(rows, wish)

    return choosing


async def scan(desk: Desk, told: Scan) -> Answer:
    """What is next with the book, or with every book of the parcel."""

    async def move(connection: Connection) -> Answer:
        row = await read(connection, SCAN, desk.here.id, desk.key.key, told.barcode)
        return earlier(row) or await moved(connection, row)

    async def moved(connection: Connection, row: Row) -> Answer:
        async def look(barcodes: Sequence[str], named: int | None) -> list[scanning.Book]:
            found: list[scanning.Book] = await connection.fetchval(
                BOOKS, desk.here.id, barcodes, named
            )
            return found

        work = lean(desk)
        done = await scanning.scanned(work, desk.directory, told, row, look)
        return await written(connection, desk, work, Page(done))

    return await settle(desk, move)


def lean(desk: Desk) -> Turn:
    """A turn without a session."""
    return Turn(desk.here.id, desk.asker, DECIDING)


async def written(connection: Connection, desk: Desk, work: Turn, shown: Any) -> Answer:
    """The turn and its answer, all or nothing."""
    answer = Answer(OK, msgspec.json.encode(shown))
    key = desk.key
    await connection.fetchval(
        WRITE, desk.here.id, key.key, key.fingerprint, OK, answer.body, work.work()
    )
    return answer
