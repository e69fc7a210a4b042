"""Hire, change, let go: the row here, the account and its grants at the issuer.

The account is changed before the row's transaction ends: what fails in
between is put right by asking again, and never leaves more rights than shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import choice
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import Database, lock, public_work, uuid7
from pinakes.platform.errors import Conflict, Forbidden, NotFound
from pinakes.platform.identity import EVERYWHERE, STAFF, Principal, Role
from pinakes.platform.login import Accounts
from pinakes.tenants.staff.models import Staff
from pinakes.tenants.staff.revocations import revoke

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS = 4  # of five letters: 99 bits, nobody guesses them
OPERATORS = "operator"  # their organization: a code that no branch can have


class NoSuchStaff(NotFound):
    code = "no_such_staff"
    title = "Nobody of that kind works here"


class StaffNameTaken(Conflict):
    code = "staff_name_taken"
    title = "Somebody here has this name"


class ReachTooFar(Forbidden):
    code = "reach_too_far"
    title = "Your own rights do not reach the branches below"


class LastAdministrator(Conflict):
    code = "last_administrator"
    title = "A branch keeps at least one administrator"


@dataclass(frozen=True, slots=True)
class Office:
    """What it takes to change what people may do here, and to let them go."""

    accounts: Accounts
    database: Database

    async def refuse_old_tokens(self, row: Staff) -> None:
        """From now on only tokens count that tell of the rights of today.

        The application's own connection is busy with the row: a second one could be waited
        for by everybody at once.
        """
        async with public_work(self.database.public) as public:
            await revoke(public, row.subject)


def one_time() -> str:
    """A password to be told once and changed at the first log-in."""
    return "-".join("".join(choice(LETTERS) for _ in range(5)) for _ in range(GROUPS))


def grants(code: str, role: Role, *, below: bool) -> list[str]:
    """What a member of staff of the branch *code* may do, in the words of tokens."""
    return [f"{role}@{code}{'*' if below else ''}"]


def log_in(name: str, code: str) -> str:
    """What a member of staff types to log in."""
    return f"{name}@{code}"


async def employ(
    session: AsyncSession, accounts: Accounts, code: str, name: str, role: Role, *, below: bool
) -> tuple[Staff, str]:
    """Hire somebody, or hire them again in the same words: the row and a one-time password."""
    password = one_time()
    granted = grants(code, role, below=below)
    subject = await accounts.ensure_staff(
        log_in(name, code), code, granted, password, temporary=True
    )
    row = await session.scalar(select(Staff).where(Staff.name == name))
    if row is None:
        row = Staff(id=uuid7(), subject=subject, name=name)
        session.add(row)
    elif not row.active:
        await accounts.enable(STAFF, subject)
    row.role, row.below, row.active = role, below, True
    note(session, "staff.add", row.id)
    await session.flush()
    return row, password


async def add(
    session: AsyncSession, accounts: Accounts, code: str, name: str, role: Role, *, below: bool
) -> tuple[Staff, str]:
    """Hire somebody whose name is free here."""
    refuse_reach(session, reaches=below)
    await in_turn(session)
    if await session.scalar(select(Staff).where(Staff.name == name, Staff.active)):
        raise StaffNameTaken(f"Somebody else is called {name} here.")
    return await employ(session, accounts, code, name, role, below=below)


async def change(
    session: AsyncSession,
    office: Office,
    code: str,
    id: UUID,
    *,
    role: Role | None = None,
    below: bool | None = None,
) -> Staff:
    """Give somebody other rights; tokens that tell of the old ones are refused."""
    row = await present(session, id)
    refuse_reach(session, reaches=row.below or below)
    if role not in {None, Role.ADMINISTRATOR}:
        await refuse_last(session, row)
    row.role = row.role if role is None else role
    row.below = row.below if below is None else below
    note(session, "staff.change", id)
    await session.flush()
    await office.accounts.set_grants(row.subject, grants(code, row.role, below=row.below))
    await office.refuse_old_tokens(row)
    return row


async def remove(session: AsyncSession, office: Office, id: UUID) -> Staff:
    """Let somebody go: the row stays, for the audit log; account and tokens end."""
    row = await present(session, id)
    refuse_reach(session, reaches=row.below)
    await refuse_last(session, row)
    row.active = False
    note(session, "staff.remove", id)
    await session.flush()
    await office.accounts.set_grants(row.subject, [])
    await office.accounts.disable(STAFF, row.subject)
    await office.refuse_old_tokens(row)
    return row


async def renew_password(session: AsyncSession, office: Office, id: UUID) -> tuple[Staff, str]:
    """A new one-time password for somebody who has lost theirs, perhaps to a thief."""
    row, password = await present(session, id), one_time()
    refuse_reach(session, reaches=row.below)
    note(session, "staff.renew_password", id)
    await session.flush()
    await office.accounts.set_password(row.subject, password, temporary=True)
    await office.refuse_old_tokens(row)
    return row, password


async def present(session: AsyncSession, id: UUID) -> Staff:
    """Somebody who works here, ours until the transaction ends, or NoSuchStaff."""
    row = await lock(session, Staff, id)
    if row is None or not row.active:
        raise NoSuchStaff("GET /v1/b/CODE/staff lists who works here.")
    return row


def refuse_reach(session: AsyncSession, *, reaches: bool | None) -> None:
    """Nobody gives, takes or borrows rights in the branches below without having them there."""
    asker: Principal | None = session.info.get("asker")
    if (
        reaches
        and asker
        and not (Role.OPERATOR in asker.roles or Role.ADMINISTRATOR in asker.below)
    ):
        raise ReachTooFar("An administrator of the branches below can do this.")


async def in_turn(session: AsyncSession) -> None:
    """Two who hire, or let go, in one branch do so one after the other."""
    await session.execute(text("SELECT pg_advisory_xact_lock(-1, pinakes_tenant())"))


async def refuse_last(session: AsyncSession, row: Staff) -> None:
    """Raise LastAdministrator when nobody but *row* could give rights here."""
    if row.role != Role.ADMINISTRATOR:
        return
    await in_turn(session)
    others = select(func.count()).where(
        Staff.role == Role.ADMINISTRATOR, Staff.active, Staff.id != row.id
    )
    if not await session.scalar(others):
        raise LastAdministrator("Make somebody else administrator before.")


async def named(session: AsyncSession, name: str) -> Staff:
    """Somebody who works here, by name, or NoSuchStaff."""
    row = await session.scalar(select(Staff).where(Staff.name == name, Staff.active))
    if row is None:
        raise NoSuchStaff(f"Nobody called {name} works here.")
    return row


async def appoint(accounts: Accounts, name: str) -> str:
    """An operator of the whole deployment, or a new one-time password for one."""
    password = one_time()
    await accounts.ensure_organization(OPERATORS, "Operators")
    await accounts.ensure_staff(name, OPERATORS, [EVERYWHERE], password, temporary=True)
    return password


async def working(session: AsyncSession) -> Sequence[Staff]:
    """Who works here, by name."""
    rows = await session.scalars(select(Staff).where(Staff.active).order_by(Staff.name))
    return rows.all()
