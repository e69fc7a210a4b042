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


async def stand(session: AsyncSession, person: UUID) -> None:
    """Write the standing of *person* anew, at home; the count of loans stays as it is."""
    reader = await session.scalar(
        select(Reader)
        .where(Reader.person_id == person, Reader.kind == Kind.HOME)
        .with_for_update()  # loans and blocks may change at once
    )
    if reader is None:
        raise ReaderUnknown("Nobody here has this person's home.")
    await stand_all(session, [reader])


async def stand_all(session: AsyncSession, readers: Iterable[Reader]) -> None:
    """The same for several readers whose home this is."""
    here = await branch(session)
    limit = int((await effective(session, here.id, "loan.limit")).value)
    for reader in readers:
        await write(session, reader, here.consortium, limit)


async def write(session: AsyncSession, reader: Reader, consortium: int, limit: int) -> None:
    """Put the row that follows from *reader* where the old one was."""
    values: dict[str, Any] = {
        "consortium_id": consortium,
        "reader_kind": reader.reader_kind,
        "may_borrow": may_borrow(reader.state, reader.blocks),
        "blocks": reader.blocks if reader.state is not State.LEFT else [*reader.blocks, "left"],
        "until": reader.until,
        "keep_history": reader.keep_history,
        "as_of": func.now(),
    }
    row = insert(Standing).values(
        id=reader.person_id, person_id=reader.person_id, **values, open_loans=0, loans_left=limit
    )
    left = func.greatest(0, limit - Standing.open_loans)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "person_id"], set_=values | {"loans_left": left}
        )
    )
