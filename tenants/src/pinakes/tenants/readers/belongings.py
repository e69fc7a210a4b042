"""What a branch takes along of its readers, and how they come in at another one."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.belongings import Belonging, Bring, Brought, Line, plain
from pinakes.platform.config import settings
from pinakes.platform.identity import READERS
from pinakes.platform.login import Accounts
from pinakes.tenants.readers import cards
from pinakes.tenants.readers.batch import Batch
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.exporting import first_numbers, numbers_of
from pinakes.tenants.readers.machine import CardState, State
from pinakes.tenants.readers.models import Card, Consent, Kind, Reader
from pinakes.tenants.readers.numbers import is_of_another
from pinakes.tenants.readers.standing import stand_all
from pinakes.tenants.readers.table import LineRefused, Row

SAID = ("name", "reader_kind", "born", "contact", "until", "state", "blocks", "keep_history")
IN_HERE = UUID("01940000-0000-7000-8000-7a6b656f7574")  # of persons that an archive has brought


class Carried(Struct):
    """A card as the archive has it; an old one is a barcode from before."""

    number: str
    old: bool
    state: CardState


class Member(Struct):
    """A reader as the archive has one, in the line of this number."""

    line: int
    cards: list[Carried]
    name: str
    reader_kind: str
    state: State
    blocks: list[str]
    keep_history: bool
    born: date | None = None
    contact: str | None = None
    until: date | None = None


async def readers_told(session: AsyncSession, rows: Sequence[Reader]) -> list[Line]:
    people = [row.person_id for row in rows]
    carried: dict[UUID, list[Line]] = {}
    found = await session.scalars(
        select(Card)
        .where(Card.tenant_id == func.pinakes_tenant(), Card.person_id.in_(people))
        .order_by(Card.old, Card.id)
    )
    for card in found:
        carried.setdefault(card.person_id, []).append(plain(card, "number", "old", "state"))
    return [{"cards": carried.get(row.person_id, []), **plain(row, *SAID)} for row in rows]


async def bring_readers(session: AsyncSession, job: UUID, lines: Sequence[Member]) -> Brought:
    """Readers with the cards that this branch may take over, blocked as they were.

    Whoever carries one of the numbers here already is that reader. A card that only its own branch
    may issue is replaced by a new one. PINs stay behind: a first one is given at the desk.
    """
    brought, batch = Brought(len(lines)), await Batch.meet(session, numbers_in(lines))
    settled = await settle(session, batch, lines, brought)
    told = settings()
    async with Accounts(told.issuer, told.issuer_secret.get_secret_value()) as accounts:
        await batch.keep(session, accounts)
        for member, row, outcome in settled:
            reader = batch.readers[batch.carriers[row.numbers[0]]]
            marked = await mark(session, accounts, reader, member)
            brought.new += outcome == "created"
            brought.updated += outcome == "updated" or (marked and outcome == "unchanged")
            brought.unchanged += outcome == "unchanged" and not marked
    return brought


def numbers_in(lines: Sequence[Member]) -> list[str]:
    return [card.number for one in lines for card in one.cards]


async def settle(
    session: AsyncSession, batch: Batch, lines: Sequence[Member], brought: Brought
) -> list[tuple[Member, Row, str]]:
    """Who comes in, as which row, and what that changes; who does not, is left."""
    people = {one.line: person_of(one, batch) for one in lines if one.cards}
    known = await numbers_of(session, list(people.values()))
    await batch.know(session, {number: one for one in known for number in known[one]})
    settled: list[tuple[Member, Row, str]] = []
    for member in lines:
        name = f"line {member.line}"  # no personal data in a report
        if not member.cards:
            brought.leave("card_missing", name)
            continue
        person = people[member.line]
        row = row_of(member, batch, known.get(person, []))
        try:
            settled.append((member, row, batch.settle(person, row)))
        except LineRefused as refused:
            brought.leave(str(refused), name)
            continue
        if any(is_of_another(one.number, batch.here.id) for one in member.cards):
            brought.alter("card_of_another", name)
    return settled


def person_of(member: Member, batch: Batch) -> UUID:
    """The same one each time that an archive brings this reader into this branch."""
    return uuid5(IN_HERE, f"{batch.here.code} {member.cards[0].number}")


def row_of(member: Member, batch: Batch, known: Sequence[str]) -> Row:
    """The reader as a table tells of one; *known* is by what those are who have come before."""
    ours = [one for one in member.cards if not is_of_another(one.number, batch.here.id)]
    said = {name: getattr(member, name) for name in ("name", "born", "contact")}
    return Row(
        numbers=[one.number for one in ours] or [*known],
        card=any(not one.old for one in ours) or bool(known),
        kind=member.reader_kind,
        expires=member.until,
        **said,
    )


async def mark(session: AsyncSession, accounts: Accounts, reader: Reader, member: Member) -> bool:
    """Let the reader be blocked, or have left, as it was; whether that is different."""
    said: dict[str, Any] = plain(member, "state", "blocks", "keep_history")
    changed = any(getattr(reader, name) != value for name, value in said.items())
    for name, value in said.items():
        setattr(reader, name, value)
    states = {card.number: card.state for card in member.cards}
    for card in await cards.of_person(session, reader.person_id):
        if card.tenant_id == reader.tenant_id and card.state != states.get(card.number, card.state):
            card.state, changed = states[card.number], True
    if changed:
        await session.flush()
        await stand_all(session, [reader])
        if reader.state is State.LEFT:
            await accounts.disable(READERS, await cards.account_of(session, accounts, reader))
    return changed


async def consents_told(session: AsyncSession, rows: Sequence[Consent]) -> list[Line]:
    numbers = await first_numbers(session, [row.person_id for row in rows])
    homes = await codes(session, {row.home_id for row in rows})
    told = ("purpose", "version", "digest", "language", "created_at", "withdrawn_at")
    return [
        {"card": numbers.get(row.person_id), "home": homes.get(row.home_id), **plain(row, *told)}
        for row in rows
    ]


BELONGINGS = (
    Belonging(
        name="readers.jsonl",
        zh="本馆读者，每人一行：全部证号及其状态、停借原因、是否保留借阅史；不含密码",
        en="Our own readers, a line for each: all cards and what has become of them, blocks, "
        "whether past loans are kept; no PIN",
        rows=select(Reader).where(Reader.kind == Kind.HOME),
        key=Reader.id,
        told=readers_told,
        bring=Bring(Member, bring_readers),
    ),
    Belonging(
        name="consents.jsonl",
        zh="读者给予本馆的同意及撤回（证据）",
        en="What readers have let this branch know, and what they have taken back: evidence",
        rows=select(Consent).where(Consent.tenant_id == func.pinakes_tenant()),
        key=Consent.id,
        told=consents_told,
    ),
)
