"""The form that asks for a title: what it sends, the steps before it is placed, and its page."""

from collections.abc import Iterator
from dataclasses import replace
from secrets import token_urlsafe
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response
from msgspec import Meta, Struct
from msgspec.structs import astuple

from pinakes.federation.discovery import copies
from pinakes.federation.discovery.service import PublicCatalogue, catalogue_of
from pinakes.federation.discovery.views import Hit
from pinakes.federation.holds.rules import HasItAlready
from pinakes.federation.lending import hot, models, wording
from pinakes.federation.lending.before import before
from pinakes.federation.lending.schemas import NewRequest, PartyView
from pinakes.federation.lending.service import NoSuchCopy
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Directory, Tenant, named
from pinakes.platform.errors import Problem
from pinakes.platform.http import describe, understand
from pinakes.platform.pages import page
from pinakes.platform.replies import digest
from pinakes.tenants.circulation.hot import Desk, Key

OFFERED = 5  # of the branches that hold the title
LISTED = 20  # of the branches that a name fits
FIND = "find"  # the button that looks for a place of pickup

Call = Request[Any, Any, Any]
Field = Annotated[str, Meta(max_length=64)]
Words = Annotated[str, Meta(max_length=1000)]


class Asked(Struct, kw_only=True):
    """What the form sends, each field as it was typed; a box that is not ticked sends nothing.

    *library* are words of a place of pickup that is looked for, *found* those that the list on
    the page answers already. *key* tells a button pressed twice from a second wish. *item* is
    the one copy that will do, of *record* at the branch *owner*.
    """

    edition: UUID | None = None
    owner: Field = ""
    record: UUID | None = None
    item: UUID | None = None
    title: Words = ""
    pickup: Field = ""
    library: Words = ""
    found: Words = ""
    step: Field = ""
    needed_by: Field = ""
    note: Words = ""
    in_house: Field = ""
    service: Field = "Normal"
    card: Field = ""
    sure: Field = ""
    key: Field = ""

    @property
    def looking(self) -> bool:
        """Whether a place of pickup is to be found before anything is placed."""
        words = self.library.strip()
        return bool(words) and (self.step == FIND or words != self.found.strip())

    def wish(self) -> NewRequest:
        """The request, or ValidationError. Browsers end a line with two characters."""
        told: dict[str, Any] = {
            "pickup": self.pickup,
            "edition": self.edition,
            "owner": self.owner if self.item else None,
            "record": self.record if self.item else None,
            "item": self.item,
            "title": "" if self.edition else " ".join(self.title.split()),
            "needed_by": self.needed_by or None,
            "note": self.note.replace("\r\n", "\n").strip(),
            "service": self.service,
            "in_house": bool(self.in_house),
            "card": self.card.strip() or None,
            "sure": bool(self.sure),
        }
        return msgspec.convert(told, NewRequest)


async def placed(request: Call, desk: Desk, form: Asked) -> PartyView | Response[str]:
    """The request, placed; or the page with what is still to be said."""
    if form.looking:
        return await shown(request, desk, form)
    try:
        found = await open_request(request.app.state.database, once(desk, form), form.wish())
    except (Problem, msgspec.ValidationError) as error:
        return await shown(request, desk, form, problem=understand(error))
    request.app.state.waker.wake()
    return found


def once(desk: Desk, form: Asked) -> Desk:
    """The desk under a key of its own for this form as it is filled in."""
    if not form.key:
        return desk
    said = [str(one) for one in astuple(form)]
    return under(desk, digest(desk.asker.subject, "ask", *said))


def under(desk: Desk, key: bytes) -> Desk:
    return replace(desk, key=Key(key, key))


async def open_request(database: Database, desk: Desk, wish: NewRequest) -> PartyView:
    """What was placed under the desk's key; once that is over, the same form asks anew.

    Each request that is over gives the key of the next: a button pressed twice still asks once.
    """
    answer = await hot.place(desk, wish)
    found = msgspec.json.decode(answer.body, type=PartyView)
    if answer.fingerprint is None or desk.key.key is None:
        return found
    async with unit_of_work(database.app, desk.here.id, desk.asker) as session:
        row = await session.get(models.Request, (desk.here.id, found.request))
    if row is not None and not row.over:
        return found
    after = digest(desk.key.key, found.request.bytes)
    return await open_request(database, under(desk, after), wish)


async def shown(
    request: Call, desk: Desk, form: Asked, *, problem: Problem | None = None
) -> Response[str]:
    """The form with all that was typed, and what is in its way; or NoSuchEdition.

    Where the copy that was chosen is there no more, the form asks for any other.
    """
    directory, here = desk.directory, desk.here
    catalogue = catalogue_of(request.app.state)
    hit = (await catalogue.edition(form.edition, here)).hit if form.edition else None
    copy = await chosen(catalogue, form)
    if form.item and copy is None:
        form.item, problem = None, NoSuchCopy.told()
    fitting = named(open_to(directory, here), form.library) if form.library.strip() else []
    warned = isinstance(problem, HasItAlready)
    known = await before(request.app.state.database, desk, form.wish(), hit) if warned else None
    return page(
        request,
        "lending/ask.html",
        status=problem.status if problem else 200,
        form=form,
        hit=hit,
        copy=copy,
        owner=directory.codes.get(form.owner),
        warned=warned,
        before=known,
        problem=describe(problem) if problem and not warned else None,
        places=places(directory, here, form, hit, fitting[:LISTED]),
        fitting=len(fitting),
        listed=LISTED,
        wording=wording,
        key=form.key or token_urlsafe(16),
    )


async def chosen(catalogue: PublicCatalogue, form: Asked) -> copies.Copy | None:
    """The copy that the form names, if its branch lends it to anybody."""
    if form.item is None or form.record is None or form.edition is None:
        return None
    return await copies.one(catalogue, form.edition, form.owner, form.record, form.item)


def places(
    directory: Directory, here: Tenant, form: Asked, hit: Hit | None, fitting: list[Tenant]
) -> list[Tenant]:
    """Where it may be collected: what was looked for, home, what was chosen, who holds it.

    Of one copy that was chosen its owner, too.
    """
    named_there = [directory.codes.get(code) for code in (form.pickup, form.owner)]
    shelves = [shelf.branch for shelf in hit.shelves[:OFFERED]] if hit else []
    near = [here, *filter(None, named_there), *shelves]
    return list({one.code: one for one in [*fitting, *near]}.values())


def open_to(directory: Directory, here: Tenant) -> Iterator[Tenant]:
    """The open branches of the consortium of *here*."""
    for one in directory.ids.values():
        if one.state == "active" and one.consortium == here.consortium:
            yield one
