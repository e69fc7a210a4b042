"""The timelines of requests: each step stands in the ledger and in the audit log once, in order."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import select

from pinakes.federation.ledger.models import Event
from pinakes.federation.lending.model import Role, model
from pinakes.federation.lending.models import PartyRow
from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant


class Party(NamedTuple):
    """One of those that a request has."""

    request: UUID
    role: Role
    attempt: int


class Stage(NamedTuple):
    """What happened to a party, and where it stood then."""

    on: str
    state: str
    id: UUID  # grows with time


type Timelines = Mapping[Party, Sequence[Stage]]


async def timelines(database: Database, branches: Sequence[Tenant]) -> Timelines:
    """Those of every party, from its first step to its last; asserts that they are whole."""
    found: dict[Party, list[Stage]] = {}
    for at in branches:
        async with unit_of_work(database.app, at.id) as session:
            rows = (await session.scalars(select(PartyRow))).all()
            requests = {row.request_id for row in rows}
            events = select(Event).where(Event.about.in_(requests)).order_by(Event.id)
            noted = (await session.scalars(select(Audit).order_by(Audit.id))).all()
            told: dict[UUID, list[str]] = {request: [] for request in requests}
            mine: dict[Party, list[Stage]] = {}
            for event in await session.scalars(events):
                party, stage = read(event)
                told[event.about].append(f"request.{stage.on}")
                mine.setdefault(party, []).append(stage)
        for request, steps in told.items():
            assert [one.operation for one in noted if one.subject == str(request)] == steps
        for row in rows:
            party = Party(row.request_id, Role(row.role), row.attempt)
            follow(mine[party], row)
        assert len(mine) == len(rows)
        found |= mine
    return found


def read(event: Event) -> tuple[Party, Stage]:
    told = msgspec.json.decode(event.event)
    facts = told["facts"]
    party = Party(event.about, Role(facts["role"]), facts["attempt"])
    return party, Stage(facts["on"], told["kind"].removeprefix("lending."), event.id)


def follow(stages: Sequence[Stage], row: PartyRow) -> None:
    """Each stage is a move from the one before; the last is where the party stands now."""
    machine = model(row.model).machines[Role(row.role)]
    before = machine.start
    for stage in stages:
        allowed = {move.to for move in machine.moves.get((before, stage.on), ())}
        assert stage.state in allowed, (row.role, before, stage)
        before = stage.state
    assert (before, len(stages)) == (row.state, row.version)
