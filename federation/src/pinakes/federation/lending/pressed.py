"""What a button of a list has just done: the address of the page that follows tells which."""

from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending import service
from pinakes.federation.lending.fetching import Work, works
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import Arrival, Transit
from pinakes.federation.lending.rows import Found
from pinakes.federation.lending.wording import ACTS
from pinakes.platform.directory import Directory


class Did(Struct):
    """Which party's step it was."""

    did: str
    request: UUID
    role: Role
    attempt: Annotated[int, Meta(ge=1, le=1000)]

    @classmethod
    def by(cls, found: Found, act: str) -> Self:
        party = found.party
        return cls(act, party.request, party.role, party.attempt)

    @property
    def query(self) -> str:
        return urlencode(msgspec.to_builtins(self))


class Done(Struct):
    """What was done, and how the party stands since."""

    act: str
    row: Work


class Left(Struct):
    """Which book that had been left here."""

    left: UUID


class Settled(Struct):
    """Which book that had never come home."""

    settled: UUID


async def done_just_now(
    session: AsyncSession, directory: Directory, query: Mapping[str, str]
) -> Done | None:
    """The step that the address tells of; none where it tells of none of ours."""
    try:
        did = msgspec.convert(dict(query), Did, strict=False)
        found = await service.find(session, did.request, did.role, did.attempt)
    except (msgspec.ValidationError, service.NoSuchRequest):
        return None
    [row] = await works(session, directory, [found])
    return Done(did.did, row) if did.did in ACTS else None


async def dealt_with(session: AsyncSession, query: Mapping[str, str]) -> Arrival | None:
    """The book left here that the address tells of, if nothing more is to be done with it."""
    try:
        id = msgspec.convert(dict(query), Left).left
    except msgspec.ValidationError:
        return None
    row = await session.get(Arrival, (session.info["tenant"], id))
    return row if row is not None and row.state == "settled" else None


async def settled_just_now(session: AsyncSession, query: Mapping[str, str]) -> Transit | None:
    """The book gone astray that the address tells of, if its loss is settled."""
    try:
        id = msgspec.convert(dict(query), Settled).settled
    except msgspec.ValidationError:
        return None
    row = await session.get(Transit, (session.info["tenant"], id))
    return row if row is not None and row.settled_at is not None else None
