"""The workflow of a desk: a card, then books; every refusal is kept for the page to tell."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Request, Response
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import Database
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Problem
from pinakes.platform.http import describe, understand
from pinakes.platform.identity import Principal
from pinakes.platform.pages import page
from pinakes.platform.replies import digest
from pinakes.tenants.circulation import losing, service
from pinakes.tenants.circulation.advice import BLOCKS, KINDS, advice
from pinakes.tenants.circulation.hot import Answer, Desk, Key
from pinakes.tenants.circulation.machine import State
from pinakes.tenants.circulation.models import Loan
from pinakes.tenants.circulation.schemas import Checkout, LoanEnd, LoanView, Return
from pinakes.tenants.items.service import NoSuchItem
from pinakes.tenants.readers import cards
from pinakes.tenants.readers import service as readers
from pinakes.tenants.readers.rules import CardAmbiguous, CardUnknown, Presented, blocks_of
from pinakes.tenants.registry.settings import effective

Word = Annotated[str, Meta(max_length=64)]
Call = Request[Any, Any, Any]


class Form(Struct):
    """What the desk's forms send; the reader stays in the form from scan to scan."""

    scanned: Word = ""
    card: Word = ""
    card_of: Word = ""
    key: Word = ""
    loan: Word = ""
    outcome: Word = ""


class ReaderAtDesk(Struct):
    """Who stands at the desk, what they have from this branch, and how many more they may have."""

    name: str | None
    kind: str
    home: Tenant
    blocks: list[str]
    left: int
    loans: list[Loan]


class Done(Struct):
    """What the last scan did."""

    verb: str
    loan: LoanView


@dataclass
class Counter:
    """One turn at the desk: what came in, and what will be shown."""

    request: Call
    here: Tenant
    asker: Principal
    database: Database
    session: AsyncSession
    form: Form = field(default_factory=Form)
    mode: str = "lend"
    done: Done | None = None
    problem: Problem | None = None
    issuers: list[Tenant] = field(default_factory=list[Tenant])

    @property
    def directory(self) -> Directory:
        found: Directory = self.request.app.state.directory
        return found

    def takes(self, form: Form) -> bool:
        """Take the form in; whether anything was scanned."""
        form.scanned = form.scanned.strip()
        self.form = form
        return bool(form.scanned)

    def desk(self, *meant: str) -> Desk:
        """Where a hot command is given; a form sent twice by mistake counts once."""
        parts = (self.asker.subject, "desk", self.form.key, *meant)
        key = digest(*parts) if self.form.key else None
        keyed = Key(key, key)
        return Desk(self.database.hot, self.directory, self.here, self.asker, keyed)

    async def do(self, verb: str, command: Awaitable[Answer]) -> None:
        """Carry out one command, and remember what it did."""
        answer = await command
        self.request.app.state.waker.wake()
        self.done = Done(verb, msgspec.json.decode(answer.body, type=LoanView))

    async def lend(self) -> None:
        """Lend what was scanned; a card that was scanned instead changes the reader."""
        form = self.form
        wish = {"card": form.card, "card_of": form.card_of or None, "barcode": form.scanned}
        desk = self.desk(form.card, form.card_of, form.scanned)
        try:
            checkout = msgspec.convert(wish, Checkout)
            await self.do("lent", service.checkout(desk, checkout))
        except (NoSuchItem, msgspec.ValidationError):
            await self.change_reader()

    async def change_reader(self) -> None:
        """The scanned word is no book of ours: perhaps it is the next reader's card."""
        try:
            await cards.present(self.session, self.form.scanned)
        except CardUnknown as error:
            raise NoSuchItem("This branch has no item with this barcode.") from error
        self.form.card, self.form.card_of = self.form.scanned, ""

    async def take_back(self) -> None:
        scan = msgspec.convert({"barcode": self.form.scanned}, Return)
        await self.do("returned", service.give_back(self.desk(scan.barcode), scan))

    async def renew(self) -> None:
        loan = msgspec.convert(self.form.loan, UUID)
        await self.do("renewed", service.renew(self.desk(self.form.loan), loan))

    async def end(self) -> None:
        """The book does not come back: it is lost, or its reader says that it did."""
        loan = msgspec.convert(self.form.loan, UUID)
        wish = msgspec.convert({"outcome": self.form.outcome}, LoanEnd)
        async with self.session.begin_nested():  # what is refused leaves nothing behind
            ended = await losing.end(self.session, loan, State(wish.outcome))
        home = self.directory.ids[ended.home_id].code
        view = LoanView.of(ended, home, self.here.zone, outcome=ended.outcome)
        self.done = Done(wish.outcome, view)

    async def reader(self) -> ReaderAtDesk | None:
        """The reader whose card lies on the desk, asked anew after every scan."""
        if not self.form.card:
            return None
        found = await cards.present(self.session, self.form.card, self.form.card_of or None)
        reader = await readers.of_person(self.session, found.person_id)
        rows = service.listed(found.person_id, None, closed_too=False).order_by(Loan.due_at)
        loans = (await self.session.scalars(rows)).all()
        left = found.loans_left - await service.unsaid(self.session, found.person_id, found.home_id)
        most = int((await effective(self.session, self.here.id, "loan.limit")).value)
        return ReaderAtDesk(
            name=reader.name if reader else None,
            kind=found.reader_kind,
            home=self.directory.ids[found.home_id],
            blocks=blocks(found, [] if reader is None else reader.blocks),
            left=max(0, min(left, most - len(loans))),
            loans=list(loans),
        )

    async def attempt(self, step: Callable[[], Awaitable[Any]]) -> Any:
        """Take one step; a refusal is kept for the page."""
        try:
            return await step()
        except CardAmbiguous as error:
            self.form.card = self.form.scanned or self.form.card
            self.issuers = [self.directory.codes[code] for code in error.facts["issuers"]]
        except (Problem, msgspec.ValidationError, asyncpg.PostgresError) as error:
            self.problem = understand(error)
        return None

    async def shown(self) -> Response[str]:
        """The desk as it stands now."""
        reader = None if self.issuers else await self.attempt(self.reader)
        return page(
            self.request,
            "circulation/desk.html",
            status=self.problem.status if self.problem else 200,
            mode=self.mode,
            reader=reader,
            card=self.form.card,
            card_of=self.form.card_of,
            issuers=self.issuers,
            done=self.done,
            problem=describe(self.problem) if self.problem else None,
            advice=advice(self.problem) if self.problem else "",
            scanned=self.form.scanned,
            key=token_urlsafe(16),
            kinds=KINDS,
            reasons=BLOCKS,
        )


def blocks(found: Presented, here: list[Any]) -> list[str]:
    """Why the reader may not borrow: what the home says, and what this branch says."""
    return sorted({*blocks_of(found.may_borrow, found.blocks), *here})
