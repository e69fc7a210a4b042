"""Readers, cards and consents over HTTP. Card numbers and names travel in bodies alone."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, get, patch, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Select, select

from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.platform.login import Accounts
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once
from pinakes.tenants.readers import (
    cards,
    consents,
    looking,
    lost,
    me,
    pins,
    schemas,
    service,
    texts,
)
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.machine import CardAction
from pinakes.tenants.readers.models import Reader
from pinakes.tenants.readers.standing import ReaderUnknown

Asked = Request[None, None, State]
Issuer = NamedDependency[Accounts]
Said = list[schemas.ConsentView]
OK = 200


async def issuer(request: Asked) -> Accounts:
    """The door to people's accounts, one for the whole process."""
    found: Accounts = request.app.state.accounts
    return found


async def home(request: Asked, asker: Asker) -> Tenant:
    """The asker's home: the branch that a reader's own routes work in."""
    directory: Directory = request.app.state.directory
    if asker.home is None:
        raise ReaderUnknown("Log in as a reader.")
    return directory.coded(asker.home)


async def shown(session: Session, reader: Reader) -> schemas.ReaderWithCards:
    """The reader as the desk sees him or her."""
    view = await looking.view(session, reader)
    return schemas.ReaderWithCards(view, await cards.views(session, reader.person_id))


async def page(
    session: Session, rows: Select[Any], after: str | None, limit: int
) -> Page[schemas.ReaderView]:
    """Readers, each with the code of the home."""
    found = await newest(session, rows, Reader.id, whole, after=after, limit=limit)
    homes = await codes(session, {reader.home_id for reader in found.items})
    return Page([schemas.ReaderView.of(one, homes[one.home_id]) for one in found.items], found.next)


def whole(reader: Reader) -> Reader:
    return reader


class Readers(Controller):
    path = "/readers"
    tags = ("readers",)
    dependencies = {"issuer": Provide(issuer)}

    @get()
    async def list(
        self, session: Session, after: FromQuery[After] = None, limit: FromQuery[Limit] = 50
    ) -> Page[schemas.ReaderView]:
        """The readers of this branch, newest first."""
        return await page(session, select(Reader), after, limit)

    @post("/search", status_code=OK)
    async def search(
        self, data: JSONBody[schemas.Search], session: Session
    ) -> Page[schemas.ReaderView]:
        """Readers of this branch by part of a name, or by a whole card number."""
        return await page(session, looking.named(data.words), data.after, data.limit)

    @post("/find", status_code=OK)
    async def find(self, data: JSONBody[schemas.Show], session: Session) -> schemas.PresentedView:
        """Whom a presented card means, of whichever branch it is."""
        found = await cards.present(session, data.card, data.card_of)
        return await looking.presented(session, found, data.card)

    @post()
    @once
    async def register(
        self, data: JSONBody[schemas.Register], session: Session, issuer: Issuer
    ) -> schemas.ReaderWithCards:
        """Take a new reader in, with a card; without a PIN, give a first one afterwards."""
        reader = await service.register(session, issuer, data)
        return await shown(session, reader)

    @post("/visit", status_code=OK)
    @once
    async def visit(
        self, data: JSONBody[schemas.Show], session: Session
    ) -> schemas.ReaderWithCards:
        """Make the bearer of another branch's card a visiting reader of this one."""
        found = await cards.present(session, data.card, data.card_of)
        reader = await service.visit(session, found.person_id, found.home_id, found.reader_kind)
        return await shown(session, reader)

    @get("/{id:uuid}")
    async def show(self, id: FromPath[UUID], session: Session) -> schemas.ReaderWithCards:
        """One reader of this branch, with the cards that it may know of."""
        return await shown(session, await service.member(session, id))

    @patch("/{id:uuid}")
    async def change(
        self, id: FromPath[UUID], data: JSONBody[schemas.Change], session: Session
    ) -> schemas.ReaderWithCards:
        """Write down what is different about a reader whose home this is."""
        return await shown(session, await service.change(session, id, data))

    @post("/{id:uuid}/block", status_code=OK)
    @once
    async def block(
        self, id: FromPath[UUID], data: JSONBody[schemas.Why], session: Session
    ) -> schemas.ReaderWithCards:
        """Stop lending; the home's word counts in every branch at once."""
        return await shown(session, await service.block(session, id, data.reason))

    @post("/{id:uuid}/unblock", status_code=OK)
    @once
    async def unblock(
        self, id: FromPath[UUID], data: JSONBody[schemas.Why], session: Session
    ) -> schemas.ReaderWithCards:
        """Take one reason back."""
        return await shown(session, await service.unblock(session, id, data.reason))

    @post("/{id:uuid}/leave", status_code=OK)
    @once
    async def leave(
        self, id: FromPath[UUID], session: Session, issuer: Issuer
    ) -> schemas.ReaderWithCards:
        """End the membership of a reader who has returned everything."""
        return await shown(session, await service.leave(session, issuer, id))

    @post("/{id:uuid}/rejoin", status_code=OK)
    @once
    async def rejoin(
        self, id: FromPath[UUID], session: Session, issuer: Issuer
    ) -> schemas.ReaderWithCards:
        """Take a former reader in again."""
        return await shown(session, await service.rejoin(session, issuer, id))

    @post("/{id:uuid}/cards")
    @once
    async def add_card(
        self,
        id: FromPath[UUID],
        data: JSONBody[schemas.NewCard],
        session: Session,
        issuer: Issuer,
    ) -> schemas.ReaderWithCards:
        """One more card or alias for a reader of this branch."""
        reader = await service.member(session, id)
        await cards.add(session, issuer, reader, data)
        return await shown(session, reader)

    @post("/{id:uuid}/pin", status_code=OK)
    async def first_pin(
        self, id: FromPath[UUID], data: JSONBody[schemas.NewPin], session: Session, issuer: Issuer
    ) -> schemas.FirstPin:
        """A new first PIN. Its answer is kept for no idempotency key: ask again for another."""
        return schemas.FirstPin(await pins.first_pin(session, issuer, id, data.pin))


class Cards(Controller):
    path = "/cards"
    tags = ("cards",)
    dependencies = {"issuer": Provide(issuer)}

    @post("/replace")
    @once
    async def replace(
        self,
        data: JSONBody[schemas.Replacement],
        session: Session,
        here: Here,
        issuer: Issuer,
    ) -> schemas.CardView:
        """A new card for the bearer of a lost or worn one, which ends with that."""
        wish = schemas.NewCard(data.number, data.old)
        card = await cards.replace(session, issuer, data.card, wish)
        return cards.view(card, here.code)

    @post("/{action:str}", status_code=OK)
    @once
    async def act(
        self,
        action: FromPath[CardAction],
        data: JSONBody[schemas.ThisCard],
        session: Session,
        here: Here,
    ) -> schemas.CardView:
        """Report a card of this branch lost, or found; let it expire, or renew it."""
        return cards.view(await cards.act(session, data.card, action), here.code)


class Consents(Controller):
    path = "/consents"
    tags = ("consents",)

    @get()
    async def list(self, session: Session, asker: Asker) -> schemas.ConsentsHere:
        """What this branch asks for, and what the asker has said."""
        said = await consents.listed(session, me.person(asker))
        return schemas.ConsentsHere(texts.current(), said)

    @put("/{purpose:str}")
    async def give(
        self,
        request: Asked,
        purpose: FromPath[str],
        data: JSONBody[schemas.GiveConsent],
        asker: Asker,
        here: Here,
        database: Data,
    ) -> Said:
        """Let this branch know what the text says; twice is as good as once."""
        text = texts.counting(purpose, data.version)
        from_home = await home(request, asker)
        return await consents.give(database, asker, from_home, here, text, data.language)

    @delete("/{purpose:str}", status_code=OK)
    async def withdraw(self, purpose: FromPath[str], session: Session, asker: Asker) -> Said:
        """Take it back; what it showed is gone at once."""
        return await consents.withdraw(session, asker, purpose)


class Me(Controller):
    path = "/me"
    tags = ("me",)
    dependencies = {"here": Provide(home)}

    @get()
    async def show(self, session: Session, asker: Asker) -> schemas.Me:
        """Who I am: home, cards, memberships, consents."""
        return await me.whole(session, me.person(asker))

    @post("/cards/lost", status_code=OK)
    async def lose_card(
        self, request: Asked, data: JSONBody[schemas.Show], asker: Asker, database: Data
    ) -> schemas.CardView:
        """One of my cards is lost, whichever branch issued it; asking again is safe."""
        directory: Directory = request.app.state.directory
        return await lost.report(database, directory, asker, data)

    @put("/settings")
    async def choose(
        self, data: JSONBody[schemas.Settings], session: Session, asker: Asker
    ) -> schemas.Me:
        """My choices, from now on and everywhere."""
        person = me.person(asker)
        await service.choose_history(session, person, keep=data.keep_history)
        return await me.whole(session, person)
