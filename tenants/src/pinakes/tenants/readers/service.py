"""What can be done with readers."""

from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import lock, uuid7
from pinakes.platform.errors import Conflict
from pinakes.platform.identity import READERS
from pinakes.platform.login import Accounts
from pinakes.platform.messages import emit
from pinakes.tenants.readers import cards
from pinakes.tenants.readers.branch import branch
from pinakes.tenants.readers.events import (
    HistoryChosen,
    MayBorrow,
    ReaderLeft,
    VisitBegan,
    VisitEnded,
)
from pinakes.tenants.readers.machine import Action, Block, CardAction, CardState, State, move
from pinakes.tenants.readers.models import Consent, Kind, Reader, Standing
from pinakes.tenants.readers.schemas import Change, NewCard, Register
from pinakes.tenants.readers.standing import ReaderUnknown, stand


class ReaderIsVisiting(Conflict):
    code = "reader_is_visiting"
    title = "Only the reader's home can do this"


class ReaderIsAtHome(Conflict):
    code = "reader_is_at_home"
    title = "This is the reader's home"


class ReaderHasLoans(Conflict):
    code = "reader_has_loans"
    title = "This reader still has items on loan"


async def register(session: AsyncSession, accounts: Accounts, wish: Register) -> Reader:
    """A new person with this branch as home, a card, and an account that the card opens.

    Without a PIN nobody can log in until the desk gives a first one.
    """
    here = await branch(session)
    reader = Reader(
        id=uuid7(),
        person_id=uuid7(),
        kind=Kind.HOME,
        home_id=here.id,
        reader_kind=wish.reader_kind,
        name=wish.name.strip(),
        born=wish.born,
        contact=wish.contact,
        until=wish.until,
        state=State.ACTIVE,
        blocks=[],
        visits=[],
    )
    session.add(reader)
    await session.flush()
    card = await cards.issue(session, reader, NewCard(wish.number, wish.old))
    await stand(session, reader.person_id)
    await accounts.ensure_reader(card.number, reader.person_id, here.code, wish.pin)
    note(session, "readers.register", reader.id)
    await session.refresh(reader)
    return reader


async def change(session: AsyncSession, id: UUID, wish: Change) -> Reader:
    """Write down what is different about a reader of our own."""
    reader = await at_home(session, id)
    told = {name: getattr(wish, name) for name in wish.__struct_fields__}
    for name, value in told.items():
        if value is not UNSET:
            setattr(reader, name, value)
    await session.flush()
    await stand(session, reader.person_id)
    emit(session, MayBorrow(about=reader.person_id))
    note(session, "readers.change", reader.id)
    return reader


async def block(session: AsyncSession, id: UUID, reason: Block) -> Reader:
    """Stop lending, for one more reason; at home it stops lending everywhere at once."""
    reader = await member(session, id)
    reader.state = move(reader.state, Action.BLOCK)
    reader.blocks = sorted({*reader.blocks, reason.value})
    return await moved(session, reader, Action.BLOCK)


async def unblock(session: AsyncSession, id: UUID, reason: Block) -> Reader:
    """Take one reason back; with the last one lending begins again."""
    reader = await member(session, id)
    after = move(reader.state, Action.UNBLOCK)
    reader.blocks = [code for code in reader.blocks if code != reason.value]
    reader.state = reader.state if reader.blocks else after
    return await moved(session, reader, Action.UNBLOCK)


async def leave(session: AsyncSession, accounts: Accounts, id: UUID) -> Reader:
    """End a membership: its cards expire, and at home nobody lends or logs in any longer."""
    reader = await member(session, id)
    await refuse_loans(session, reader)
    reader.state = move(reader.state, Action.LEAVE)
    await expire_cards(session, reader)
    if reader.kind is Kind.HOME:
        subject = await cards.account_of(session, accounts, reader)
        await accounts.disable(READERS, subject)
        for visited in reader.visits:
            emit(session, ReaderLeft(about=reader.person_id), to=visited)
    else:
        await forget(session, reader)
        emit(session, VisitEnded(about=reader.person_id), to=reader.home_id)
    return await moved(session, reader, Action.LEAVE)


async def rejoin(session: AsyncSession, accounts: Accounts, id: UUID) -> Reader:
    """Take a reader in again, under the old name; the cards have to be renewed one by one."""
    reader = await member(session, id)
    reader.state = move(reader.state, Action.REJOIN)
    if reader.kind is Kind.HOME:
        await accounts.enable(READERS, await cards.account_of(session, accounts, reader))
    else:
        emit(session, VisitBegan(about=reader.person_id), to=reader.home_id)
    return await moved(session, reader, Action.REJOIN)


async def moved(session: AsyncSession, reader: Reader, action: Action) -> Reader:
    """What every move leaves behind."""
    await session.flush()
    if reader.kind is Kind.HOME:
        await stand(session, reader.person_id)
        if action in {Action.UNBLOCK, Action.REJOIN}:
            emit(session, MayBorrow(about=reader.person_id))
    note(session, f"readers.{action}", reader.id)
    return reader


async def refuse_loans(session: AsyncSession, reader: Reader) -> None:
    """Raise ReaderHasLoans while the home knows of open ones."""
    told = select(Standing.open_loans).where(Standing.person_id == reader.person_id)
    if await session.scalar(told):
        raise ReaderHasLoans("Let everything be returned first.")


async def expire_cards(session: AsyncSession, reader: Reader) -> None:
    here = await branch(session)
    for card in await cards.of_person(session, reader.person_id):
        if card.tenant_id == here.id and card.state is CardState.ACTIVE:
            await cards.act(session, card.number, CardAction.EXPIRE)


async def forget(session: AsyncSession, reader: Reader) -> None:
    """Drop what a visited branch knew by consent; that it was given stays as evidence."""
    reader.name = reader.contact = None
    await session.execute(
        update(Consent)
        .where(
            Consent.tenant_id == func.pinakes_tenant(),
            Consent.person_id == reader.person_id,
            Consent.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=func.now())
    )


async def visit(session: AsyncSession, person: UUID, home: int, reader_kind: str) -> Reader:
    """The membership of somebody from elsewhere; a new one knows no name."""
    if home == session.info["tenant"]:
        raise ReaderIsAtHome("A reader is a member at home already.")
    row = insert(Reader).values(
        id=uuid7(),
        person_id=person,
        kind=Kind.VISITING,
        home_id=home,
        reader_kind=reader_kind,
        state=State.ACTIVE,
        blocks=[],
        visits=[],
        keep_history=False,
    )
    added = row.on_conflict_do_nothing(index_elements=["tenant_id", "person_id"])
    if (await session.execute(added.returning(Reader.id))).one_or_none():
        emit(session, VisitBegan(about=person), to=home)
        note(session, "readers.visit", person)
    found = await of_person(session, person)
    assert found is not None  # noqa: S101  (it was there, or is now)
    if found.state is State.LEFT:
        found.state = move(found.state, Action.REJOIN)
        emit(session, VisitBegan(about=person), to=home)
    return found


async def of_person(session: AsyncSession, person: UUID) -> Reader | None:
    """The membership of *person* in this branch."""
    return await session.scalar(
        select(Reader).where(Reader.person_id == person),
        execution_options={"populate_existing": True},
    )


async def of_people(session: AsyncSession, people: Collection[UUID]) -> Sequence[Reader]:
    """The memberships of these in this branch."""
    rows = select(Reader).where(Reader.person_id.in_(people))
    return (await session.scalars(rows, execution_options={"populate_existing": True})).all()


async def member(session: AsyncSession, id: UUID) -> Reader:
    """One membership of this branch, ours until the transaction ends."""
    reader = await lock(session, Reader, id)
    if reader is None:
        raise ReaderUnknown("This branch has no reader with this id.")
    return reader


async def at_home(session: AsyncSession, id: UUID) -> Reader:
    """The same, and this branch is the home."""
    reader = await member(session, id)
    if reader.kind is not Kind.HOME:
        raise ReaderIsVisiting("What is known of a reader is written at the reader's home.")
    return reader


async def choose_history(session: AsyncSession, person: UUID, *, keep: bool) -> Reader:
    """Keep past loans, or have them cut everywhere."""
    reader = await of_person(session, person)
    if reader is None or reader.kind is not Kind.HOME:
        raise ReaderUnknown("This is not the reader's home.")
    if reader.keep_history != keep:
        reader.keep_history = keep
        await session.flush()
        await stand(session, person)
        for branch_id in (None, *reader.visits):
            emit(session, HistoryChosen(about=person, keep=keep), to=branch_id)
    return reader
