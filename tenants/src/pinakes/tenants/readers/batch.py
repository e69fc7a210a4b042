"""A batch of lines against the readers and cards that a branch has already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import uuid7
from pinakes.platform.login import Accounts, NewReader
from pinakes.tenants.readers import numbers
from pinakes.tenants.readers.branch import Branch, branch
from pinakes.tenants.readers.machine import State
from pinakes.tenants.readers.models import Card, Kind, Reader
from pinakes.tenants.readers.standing import stand_all
from pinakes.tenants.readers.table import LineRefused, Row

FIELDS = {"kind": "reader_kind", "born": "born", "contact": "contact", "expires": "until"}


@dataclass(slots=True)
class Batch:
    """Who carries which number, and what the lines change about that."""

    here: Branch
    carriers: dict[str, UUID]
    readers: dict[UUID, Reader]
    new: list[Reader] = field(default_factory=list[Reader])
    changed: set[UUID] = field(default_factory=set[UUID])
    cards: list[Card] = field(default_factory=list[Card])
    pins: dict[UUID, str | None] = field(default_factory=dict[UUID, str | None])  # of new persons

    @classmethod
    async def meet(cls, session: AsyncSession, known: Sequence[str]) -> Self:
        """The readers of this branch who carry one of the numbers."""
        here = await branch(session)
        cards = await session.scalars(
            select(Card).where(Card.tenant_id == here.id, Card.number.in_(known))
        )
        carriers = {card.number: card.person_id for card in cards}
        rows = await session.scalars(
            select(Reader).where(Reader.person_id.in_(carriers.values())).with_for_update()
        )
        return cls(here, carriers, {reader.person_id: reader for reader in rows})

    def settle(self, id: UUID, row: Row) -> str:
        """What becomes of one line; a new reader is the person *id*."""
        if any(numbers.is_of_another(number, self.here.id) for number in row.numbers):
            raise LineRefused("card_of_another")
        people = {self.carriers[number] for number in row.numbers if number in self.carriers}
        if len(people) > 1:
            raise LineRefused("barcodes_of_several")
        if not people:
            self.create(id, row)
            return "created"
        reader = self.readers[people.pop()]
        if reader.kind is not Kind.HOME:
            raise LineRefused("reader_is_visiting")
        changed = self.update(reader, row)
        return "updated" if self.carry(reader, row) or changed else "unchanged"

    def create(self, id: UUID, row: Row) -> None:
        reader = Reader(
            id=uuid7(),
            person_id=id,
            kind=Kind.HOME,
            home_id=self.here.id,
            reader_kind="adult",
            name=row.name,
            state=State.ACTIVE,
            blocks=[],
            visits=[],
            keep_history=False,
        )
        write(reader, row)
        self.new.append(reader)
        self.readers[id] = reader
        if not row.card:
            row.numbers.insert(0, numbers.issue(self.here.id))
        self.carry(reader, row)
        self.pins[id] = row.pin

    def update(self, reader: Reader, row: Row) -> bool:
        """Whether the line says anything new about *reader*."""
        if not write(reader, row):
            return False
        self.changed.add(reader.person_id)
        return True

    def carry(self, reader: Reader, row: Row) -> bool:
        """Whether the line gives *reader* another number."""
        missing = [number for number in row.numbers if number not in self.carriers]
        for number in missing:
            self.carriers[number] = reader.person_id
            self.cards.append(
                Card(
                    id=uuid7(),
                    number=number,
                    person_id=reader.person_id,
                    home_id=self.here.id,
                    consortium_id=self.here.consortium,
                    old=not numbers.is_issued_by(number, self.here.id),
                )
            )
        return bool(missing)

    def forget(self, session: AsyncSession) -> None:
        """Change nothing after all."""
        for person in self.changed:
            session.expire(self.readers[person])

    async def keep(self, session: AsyncSession, accounts: Accounts) -> None:
        """Write everything, and let every number open its bearer's account."""
        session.add_all(self.new)
        await session.flush()
        session.add_all(self.cards)
        await session.flush()
        touched = [*self.new, *(self.readers[person] for person in self.changed)]
        await stand_all(session, touched)
        await self.open(accounts)

    async def open(self, accounts: Accounts) -> None:
        """Accounts for new persons, whose first PIN must be changed; aliases for all."""
        numbers_of: dict[UUID, list[str]] = {}
        for card in self.cards:
            numbers_of.setdefault(card.person_id, []).append(card.number)
        new = [
            NewReader(person, first, self.here.code, pin, others=tuple(others))
            for person, pin in self.pins.items()
            for first, *others in [numbers_of.pop(person)]
        ]
        if new:
            await accounts.import_readers(new)
        for person, added in numbers_of.items():
            for number in added:
                await accounts.ensure_reader(number, person, self.here.code, None)


def write(reader: Reader, row: Row) -> bool:
    """Let *reader* be as the line says; whether that is different."""
    told: dict[str, Any] = {"name": row.name}
    for column, name in FIELDS.items():
        if getattr(row, column) is not UNSET:
            told[name] = getattr(row, column)
    new = {name: value for name, value in told.items() if getattr(reader, name) != value}
    for name, value in new.items():
        setattr(reader, name, value)
    return bool(new)
