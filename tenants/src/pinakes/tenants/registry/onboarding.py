"""Moving in, step by step; after a crash the next run goes on where this one stopped."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from pinakes.platform.db import Database, public_work, unit_of_work, uuid7
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal
from pinakes.tenants.registry.machine import Action, State, wishes
from pinakes.tenants.registry.models import Onboarding, Tenant
from pinakes.tenants.registry.schemas import BranchView, MovedIn, NewBranch, Progress, Result
from pinakes.tenants.registry.service import act, view
from pinakes.tenants.registry.steps import STEPS, Move
from pinakes.tenants.registry.tree import enter
from pinakes.tenants.staff.service import log_in

LAST = "active"  # the step that the state of the branch tells of

type Tell = Callable[[str, bool], None]  # a step, and whether its work is behind us


def silent(step: str, done: bool) -> None:
    """Nobody watches."""


async def onboard(doors: Doors, asker: Principal, wish: NewBranch, tell: Tell = silent) -> MovedIn:
    """Let a branch move in, from wherever an earlier run stopped.

    A branch that has moved in already stays as it is, and no password is told.
    """
    async with public_work(doors.database.public) as public:
        found, new = await enter(public, wish)
    move = Move(doors, asker, wish, found)
    unfinished = found.state == State.REQUESTED
    if unfinished:
        await take_steps(move, set() if new else await behind(doors.database, found.id), tell)
        tell(LAST, False)
        move.row = await act(doors.database, asker, found.id, Action.ACTIVATE)
        tell(LAST, True)
    result: Result = "created" if new else "finished" if unfinished else "unchanged"
    shown = BranchView.of(move.row, wish.parent)
    return MovedIn(result, shown, log_in(wish.admin, wish.code), move.password)


async def take_steps(move: Move, done: set[str], tell: Tell) -> None:
    """Take what is left; each step is written down with its work."""
    for name, step in STEPS.items():
        if name in done and name != "staff":
            continue
        tell(name, False)
        async with unit_of_work(
            move.doors.database.app, move.row.id, move.asker, closed_too=True
        ) as session:
            await step(move, session)
            taken = insert(Onboarding).values(id=uuid7(), step=name)
            await session.execute(
                taken.on_conflict_do_nothing(index_elements=["tenant_id", "step"])
            )
            tell(name, True)


async def progress(database: Database, row: Tenant) -> Progress:
    """Where *row* stands. Whoever has ever been active has taken every step."""
    begun = row.state == State.REQUESTED
    taken = await behind(database, row.id) if begun else {*STEPS, LAST}
    async with public_work(database.app) as session:
        shown = await view(session, row)
    return Progress(shown, {step: step in taken for step in (*STEPS, LAST)}, wishes(row.state))


async def behind(database: Database, tenant: int) -> set[str]:
    """The steps of moving in that this branch has taken."""
    async with unit_of_work(database.app, tenant, closed_too=True) as session:
        return set(await session.scalars(select(Onboarding.step)))
