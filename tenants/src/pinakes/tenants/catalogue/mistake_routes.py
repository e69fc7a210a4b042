"""Mistakes that readers report, over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.http import Asker, Session
from pinakes.platform.identity import Principal
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.platform.replies import once
from pinakes.tenants.catalogue import mistakes
from pinakes.tenants.catalogue.events import ANSWER
from pinakes.tenants.catalogue.models import Mistake, MistakeState
from pinakes.tenants.catalogue.service import titles_of
from pinakes.tenants.readers.me import person

Words = Annotated[str, Meta(min_length=1, max_length=2000)]


class Report(Struct, forbid_unknown_fields=True):
    """What is wrong with a record, in the reader's words."""

    words: Words


class Answer(Struct, forbid_unknown_fields=True):
    """What has become of a report; the reader is told the words."""

    state: Literal["corrected", "left"]
    words: Annotated[str, Meta(max_length=ANSWER)] = ""


class MistakeView(Struct):
    """What a reader has reported; who that was is told to nobody."""

    id: UUID
    record: UUID
    title: str
    words: str
    state: MistakeState
    answer: str
    created_at: datetime
    answered_at: datetime | None


class Mistakes(Controller):
    path = "/catalogue"
    tags = ["catalogue"]

    @post("/records/{id:uuid}/mistakes")
    @once
    async def report(
        self,
        id: FromPath[UUID],
        data: JSONBody[Report],
        state: State,
        session: Session,
        asker: Asker,
    ) -> MistakeView:
        """Tell the branch what is wrong with one of its records; a notice brings the answer."""
        row = await reported(state, session, asker, id, data.words)
        return (await views(session, [row]))[0]

    @get("/mistakes")
    async def list(
        self,
        session: Session,
        answered: FromQuery[bool] = False,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[MistakeView]:
        """What readers have reported and nobody has answered yet, or what was, newest first."""
        rows = mistakes.listed(answered=answered)
        page = await newest(session, rows, Mistake.id, lambda one: one, after=after, limit=limit)
        return Page(await views(session, page.items), page.next)

    @post("/mistakes/{id:uuid}/answer", status_code=200)
    @once
    async def answer(
        self, id: FromPath[UUID], data: JSONBody[Answer], session: Session
    ) -> MistakeView:
        """Say what has become of a report; its reader is told."""
        row = await mistakes.answer(session, id, MistakeState(data.state), data.words)
        return (await views(session, [row]))[0]


async def reported(
    state: State, session: AsyncSession, asker: Principal, record: UUID, words: str
) -> Mistake:
    """Written down in the name of the reader who asks."""
    home = state.directory.coded(asker.home or "")
    return await mistakes.report(session, record, words, person(asker), home.id)


async def views(session: AsyncSession, rows: Sequence[Mistake]) -> list[MistakeView]:
    """Each with its record's title."""
    titles = await titles_of(session, {row.record_id for row in rows})
    return [
        MistakeView(
            id=row.id,
            record=row.record_id,
            title=titles.get(row.record_id, ""),
            words=row.words,
            state=row.state,
            answer=row.answer,
            created_at=row.created_at,
            answered_at=row.answered_at,
        )
        for row in rows
    ]
