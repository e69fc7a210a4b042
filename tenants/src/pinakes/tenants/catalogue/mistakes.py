"""Mistakes in records that readers have noticed: each is a task until somebody has answered."""

from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import lock, uuid7
from pinakes.platform.errors import Conflict, NotFound
from pinakes.platform.messages import emit
from pinakes.tenants.catalogue.events import TITLE, MistakeAnswered
from pinakes.tenants.catalogue.models import CatalogueRecord, Mistake, MistakeState
from pinakes.tenants.catalogue.ready import LIVE
from pinakes.tenants.catalogue.service import NoSuchRecord, titles_of

MOST = 20  # of one reader that wait for an answer
IN_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:person, pinakes_tenant()))")


class NoSuchMistake(NotFound):
    code = "no_such_mistake"
    title = "Nobody has reported this mistake here"


class MistakeAnsweredAlready(Conflict):
    code = "mistake_answered"
    title = "This mistake has been answered already"


class TooManyMistakes(Conflict):
    code = "too_many_mistakes"
    title = "Many of your reports wait for an answer"


async def report(
    session: AsyncSession, record: UUID, words: str, person: UUID, home: int
) -> Mistake:
    """Write down what a reader says is wrong with a record that everybody sees.

    Raises:
        NoSuchRecord, TooManyMistakes: it is not there, or the reader waits for many answers.
    """
    row = await session.get(CatalogueRecord, (session.info["tenant"], record))
    if row is None or row.state != LIVE or row.suppressed or row.withdrawn:
        raise NoSuchRecord("This branch shows no record of this id.")
    await session.execute(IN_TURN, {"person": f"catalogue.mistake {person}"})
    mine = select(func.count()).select_from(Mistake).where(Mistake.person_id == person)
    if (await session.scalar(mine) or 0) >= MOST:
        raise TooManyMistakes("Wait until some of them have been answered.", most=MOST)
    told = Mistake(id=uuid7(), record_id=record, words=words, person_id=person, home_id=home)
    session.add(told)
    note(session, "catalogue.mistake", told.id)
    await session.flush()
    await session.refresh(told)
    return told


async def answer(session: AsyncSession, id: UUID, state: MistakeState, words: str) -> Mistake:
    """Say what has become of it. The reader's home tells the reader, and nobody here knows more.

    Raises:
        NoSuchMistake, MistakeAnsweredAlready: there is nothing to answer.
    """
    row = await lock(session, Mistake, id)
    if row is None:
        raise NoSuchMistake("Look at the list of reported mistakes.")
    if row.person_id is None or row.home_id is None:
        raise MistakeAnsweredAlready("Its reader has been told.")
    title = (await titles_of(session, [row.record_id])).get(row.record_id, "")
    event = MistakeAnswered(
        about=id, person=row.person_id, title=title[:TITLE], answer=words,
        corrected=state is MistakeState.CORRECTED,
    )  # fmt: skip
    emit(session, event, to=row.home_id)
    row.state, row.answer, row.answered_at = state, words, func.now()
    row.person_id = row.home_id = None
    note(session, "catalogue.mistake_answered", id)
    await session.flush()
    await session.refresh(row)
    return row


def listed(*, answered: bool) -> Select[Mistake]:
    """Those that wait for an answer, or those that have one."""
    waits = Mistake.state == MistakeState.OPEN
    return select(Mistake).where(~waits if answered else waits)
