"""Cards: issued, presented, lost, found, replaced."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import uuid7
from pinakes.platform.errors import Conflict, NotFound
from pinakes.platform.identity import ANYONE, Principal
from pinakes.platform.login import Accounts
from pinakes.tenants.readers import numbers
from pinakes.tenants.readers.branch import branch, codes
from pinakes.tenants.readers.machine import CardAction, CardState, State, move_card
from pinakes.tenants.readers.misses import MISSES
from pinakes.tenants.readers.models import Card, Reader
from pinakes.tenants.readers.rules import CardUnknown, Presented, choose
from pinakes.tenants.readers.schemas import CardView, NewCard

LOOKUP = text("""
    SELECT * FROM card_lookup(:number, (SELECT id FROM commons.tenant WHERE code = :card_of))
""")
CARRIED = text("SELECT card_carried(:number, :person)")
DRAWS = 5  # of a number that nobody has yet


class CardTaken(Conflict):
    code = "card_taken"
    title = "This number is already a card of this branch"


class CardNotOurs(NotFound):
    code = "card_not_ours"
    title = "This branch has issued no such card"


class ReaderHasLeft(Conflict):
    code = "reader_has_left"
    title = "This reader has left the branch"


async def present(session: AsyncSession, number: str, card_of: str | None = None) -> Presented:
    """The card that is meant by a presented number; guessing comes to an end.

    Raises:
        CardUnknown, CardAmbiguous: see ``rules.choose``.
        TooManyMisses: this subject has missed too often at this branch.
    """
    asker: Principal = session.info.get("asker") or ANYONE
    here: int = session.info["tenant"]
    told = {"number": asked_for(asker, here, number), "card_of": card_of}
    rows = (await session.execute(LOOKUP, told)).mappings()
    return recognised(asker, here, [dict(row) for row in rows], card_of)


def asked_for(asker: Principal, here: int, number: str) -> str:
    """What to look a presented number up by; TooManyMisses when nobody looks for this subject."""
    MISSES.check(asker.subject, here)
    return numbers.tidy(number)


def recognised(
    asker: Principal,
    here: int,
    rows: Sequence[Mapping[str, Any]] | None,
    card_of: str | None = None,
) -> Presented:
    """The card that is meant, of those that ``card_lookup`` found; a miss is counted."""
    try:
        return choose([msgspec.convert(row, Presented) for row in rows or ()], here, card_of)
    except CardUnknown:
        MISSES.count(asker.subject, here)
        raise


async def issue(session: AsyncSession, reader: Reader, wish: NewCard) -> Card:
    """Give *reader* a card of this branch: a new number, one of ours, or an old barcode."""
    if reader.state is State.LEFT:
        raise ReaderHasLeft("Let the reader rejoin first.")
    here = await branch(session)
    if wish.number is not None:
        checked = numbers.alias if wish.old else numbers.checked
        card = await insert_card(session, reader, checked(wish.number, here.id), old=wish.old)
        if card is None:
            raise CardTaken("The card already belongs to a reader of this branch.")
        return card
    for _ in range(DRAWS):
        card = await insert_card(session, reader, numbers.issue(here.id))
        if card is not None:
            return card
    raise CardTaken("No free number was found. Try again.")


async def insert_card(
    session: AsyncSession, reader: Reader, number: str, *, old: bool = False
) -> Card | None:
    """The new card, or None where this branch has issued the number before."""
    here = await branch(session)
    row = insert(Card).values(
        id=uuid7(),
        number=number,
        person_id=reader.person_id,
        home_id=reader.home_id,
        consortium_id=here.consortium,
        old=old,
        state=CardState.ACTIVE,
    )
    added = row.on_conflict_do_nothing(index_elements=["tenant_id", "number"]).returning(Card)
    return (await session.scalars(added)).one_or_none()


async def add(session: AsyncSession, accounts: Accounts, reader: Reader, wish: NewCard) -> Card:
    """One more card or alias, which logs its person in as well."""
    card = await issue(session, reader, wish)
    await account(session, accounts, reader, card.number)
    note(session, "cards.add", card.id)
    return card


async def account(session: AsyncSession, accounts: Accounts, reader: Reader, number: str) -> str:
    """The subject of the reader's account, which *number* opens from now on."""
    home = (await codes(session, {reader.home_id}))[reader.home_id]
    return await accounts.ensure_reader(number, reader.person_id, home, None)


async def account_of(session: AsyncSession, accounts: Accounts, reader: Reader) -> str:
    """The subject of the reader's account; one that is missing is made."""
    held = await of_person(session, reader.person_id)
    opening = [card for card in held if card.state is not CardState.REPLACED]
    number = (opening or held)[-1].number
    return await account(session, accounts, reader, number)


async def own(session: AsyncSession, number: str) -> Card:
    """A card that this branch has issued, ours until the transaction ends."""
    here = await branch(session)
    card = await session.scalar(
        select(Card)
        .where(Card.tenant_id == here.id, Card.number == numbers.tidy(number))
        .with_for_update()
    )
    if card is None:
        raise CardNotOurs("Only the branch that issued a card can change it.")
    return card


async def act(session: AsyncSession, number: str, action: CardAction) -> Card:
    """Move one card one step; it counts differently at once, in every branch."""
    card = await own(session, number)
    card.state = move_card(card.state, action)
    note(session, f"cards.{action}", card.id)
    return card


async def replace(session: AsyncSession, accounts: Accounts, number: str, wish: NewCard) -> Card:
    """A new card for the same person; the old one never lends again.

    Nor does it log in, unless another branch has given the person the same number.
    """
    card = await act(session, number, CardAction.REPLACE)
    reader = await session.scalar(select(Reader).where(Reader.person_id == card.person_id))
    assert reader is not None  # noqa: S101  (a foreign key holds it)
    new = await issue(session, reader, wish)
    subject = await account(session, accounts, reader, new.number)
    told = {"number": card.number, "person": card.person_id}
    if not await session.scalar(CARRIED, told):
        await accounts.remove_card(subject, card.number)
    return new


async def of_person(session: AsyncSession, person: UUID) -> Sequence[Card]:
    """The cards of *person* that this branch may know of: its own, and at home all of them."""
    rows = await session.scalars(select(Card).where(Card.person_id == person).order_by(Card.id))
    return rows.all()


async def views(session: AsyncSession, person: UUID) -> list[CardView]:
    """The same, as people see them."""
    cards = await of_person(session, person)
    issuers = await codes(session, {card.tenant_id for card in cards})
    return [view(card, issuers[card.tenant_id]) for card in cards]


def view(card: Card, issuer: str) -> CardView:
    return CardView(number=card.number, issuer=issuer, state=card.state, old=card.old)
