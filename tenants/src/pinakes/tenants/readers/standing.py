"""What lending branches may know of a reader: one row, kept by the reader's home."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import NotFound
from pinakes.tenants.readers.branch import branch
from pinakes.tenants.readers.models import Kind, Reader, Standing
from pinakes.tenants.readers.rules import may_borrow
from pinakes.tenants.registry.settings import effective


class ReaderUnknown(NotFound):
    code = "reader_unknown"
    title = "There is no such reader at this branch"


async def stand(session: AsyncSession, person: UUID, open_loans: int | None = None) -> None:
    """Write the standing of *person* anew, at home.

    *open_loans* counts those over the whole federation; None keeps the count as it was.
    """
    reader = await session.scalar(
        select(Reader).where(Reader.person_id == person, Reader.kind == Kind.HOME)
    )
    if reader is None:
        raise ReaderUnknown("Nobody here has this person's home.")
    held = await loans_of(session, person) if open_loans is None else open_loans
    here = await branch(session)
    limit = int((await effective(session, here.id, "loan.limit")).value)
    await write(session, reader, here.consortium, held, limit)


async def loans_of(session: AsyncSession, person: UUID) -> int:
    """The open loans of *person* as last told."""
    told = select(Standing.open_loans).where(Standing.person_id == person)
    return await session.scalar(told) or 0


async def write(
    session: AsyncSession, reader: Reader, consortium: int, open_loans: int, limit: int
) -> None:
    """Put the row that follows from *reader* where the old one was."""
    values = {
        "consortium_id": consortium,
        "reader_kind": reader.reader_kind,
        "may_borrow": may_borrow(reader.state, reader.blocks),
        "blocks": reader.blocks if reader.state != "left" else [*reader.blocks, "left"],
        "open_loans": open_loans,
        "loans_left": max(0, limit - open_loans),
        "until": reader.until,
        "keep_history": reader.keep_history,
        "as_of": func.now(),
    }
    row = insert(Standing).values(id=reader.person_id, person_id=reader.person_id, **values)
    await session.execute(
        row.on_conflict_do_update(index_elements=["tenant_id", "person_id"], set_=values)
    )
