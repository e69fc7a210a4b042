"""What lending branches may know of a reader: one row, kept by the reader's home."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import NotFound
from pinakes.tenants.readers.branch import branch
from pinakes.tenants.readers.machine import State
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
        select(Reader)
        .where(Reader.person_id == person, Reader.kind == Kind.HOME)
        .with_for_update()  # loans and blocks may change at once
    )
    if reader is None:
        raise ReaderUnknown("Nobody here has this person's home.")
    await stand_all(session, [reader], open_loans)


async def stand_all(
    session: AsyncSession, readers: Iterable[Reader], open_loans: int | None = None
) -> None:
    """The same for several readers whose home this is."""
    here = await branch(session)
    limit = int((await effective(session, here.id, "loan.limit")).value)
    for reader in readers:
        await write(session, reader, here.consortium, limit, open_loans)


async def write(
    session: AsyncSession, reader: Reader, consortium: int, limit: int, open_loans: int | None
) -> None:
    """Put the row that follows from *reader* where the old one was."""
    held = Standing.open_loans if open_loans is None else open_loans
    values: dict[str, Any] = {
        "consortium_id": consortium,
        "reader_kind": reader.reader_kind,
        "may_borrow": may_borrow(reader.state, reader.blocks),
        "blocks": reader.blocks if reader.state is not State.LEFT else [*reader.blocks, "left"],
        "until": reader.until,
        "keep_history": reader.keep_history,
        "as_of": func.now(),
    }
    begun = {"open_loans": open_loans or 0, "loans_left": max(0, limit - (open_loans or 0))}
    row = insert(Standing).values(
        id=reader.person_id, person_id=reader.person_id, **values, **begun
    )
    kept = {"open_loans": held, "loans_left": func.greatest(0, limit - held)}
    await session.execute(
        row.on_conflict_do_update(index_elements=["tenant_id", "person_id"], set_=values | kept)
    )
