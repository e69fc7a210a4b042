"""Consent: what a visited branch may know beyond the least, as long as the reader agrees.

A reader hands the data over in two transactions, one that reads them at home
and one that writes them at the visited branch; nothing personal travels in a message.
"""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.db import Database, unit_of_work, uuid7
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import Forbidden
from pinakes.platform.identity import Principal
from pinakes.platform.log import request_id
from pinakes.tenants.readers import service
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.models import Consent, Kind, Reader
from pinakes.tenants.readers.rules import mask
from pinakes.tenants.readers.schemas import ConsentText, ConsentView
from pinakes.tenants.readers.standing import ReaderUnknown
from pinakes.tenants.readers.texts import CONTACT, NAME, digest


class OutsideConsortium(Forbidden):
    code = "outside_consortium"
    title = "This library belongs to another consortium"


class Known(Struct, frozen=True):
    """What a home knows of a reader who is about to consent."""

    person: UUID
    home: int
    reader_kind: str
    name: str | None
    contact: str | None


async def give(
    database: Database,
    asker: Principal,
    home: Tenant,
    here: Tenant,
    text: ConsentText,
    language: str,
) -> list[ConsentView]:
    """Write the consent down at branch *here*, and show it what was consented to."""
    if home.consortium != here.consortium:
        raise OutsideConsortium("Your card does not lend there: nothing needs to be known of you.")
    async with unit_of_work(database.app, home.id, asker) as session:
        known = await known_at_home(session, asker)
    async with unit_of_work(database.app, here.id, asker) as session:
        visit = await service.visit(session, known.person, home.id, known.reader_kind)
        reader = await service.member(session, visit.id)  # one consent at a time
        standing = await given(session, known.person)
        if (text.purpose, text.version) not in {(c.purpose, c.version) for c in standing}:
            await end(session, asker, [c for c in standing if c.purpose == text.purpose])
            session.add(evidence(asker, known, text, language))
            await session.flush()
            note(session, f"consents.give.{text.purpose}", reader.id)
        purposes = {consent.purpose for consent in await given(session, known.person)}
        show(reader, purposes, known.name, known.contact)
        await session.flush()
        return await listed(session, known.person)


async def known_at_home(session: AsyncSession, asker: Principal) -> Known:
    """The asker, as the home knows him or her."""
    reader = await service.of_person(session, asker.person) if asker.person else None
    if reader is None or reader.kind is not Kind.HOME:
        raise ReaderUnknown("Your home does not know you.")
    return Known(reader.person_id, reader.home_id, reader.reader_kind, reader.name, reader.contact)


def evidence(asker: Principal, known: Known, text: ConsentText, language: str) -> Consent:
    """Who agreed to which words, in which request."""
    return Consent(
        id=uuid7(),
        person_id=known.person,
        home_id=known.home,
        purpose=text.purpose,
        version=text.version,
        digest=digest(text, language),
        language=language,
        given_by=asker.subject,
        request=request_id.get(),
    )


def show(reader: Reader, purposes: set[str], name: str | None, contact: str | None) -> None:
    """Let the branch know what the *purposes* need, and nothing else."""
    masked = mask(name) if name and NAME in purposes else None
    reader.name = name if CONTACT in purposes else masked
    reader.contact = contact if CONTACT in purposes else None


async def withdraw(session: AsyncSession, asker: Principal, purpose: str) -> list[ConsentView]:
    """Take a consent back: what it showed is gone with this transaction."""
    person = asker.person
    if person is None:
        raise ReaderUnknown("Only readers consent.")
    standing = await given(session, person)
    ended = [consent for consent in standing if consent.purpose == purpose]
    await end(session, asker, ended)
    reader = await service.of_person(session, person)
    if reader is not None and reader.kind is Kind.VISITING:
        left = {consent.purpose for consent in standing} - {purpose}
        show(reader, left, reader.name, reader.contact)
        if ended:
            note(session, f"consents.withdraw.{purpose}", reader.id)
    await session.flush()
    return await listed(session, person)


async def end(session: AsyncSession, asker: Principal, ended: Sequence[Consent]) -> None:
    """Mark consents as withdrawn; they stay as evidence."""
    for consent in ended:
        consent.withdrawn_at = func.now()
        consent.withdrawn_by = asker.subject
    await session.flush()


async def given(session: AsyncSession, person: UUID) -> Sequence[Consent]:
    """The consents of *person* that stand at this branch."""
    rows = await session.scalars(
        select(Consent).where(
            Consent.tenant_id == func.pinakes_tenant(),
            Consent.person_id == person,
            Consent.withdrawn_at.is_(None),
        )
    )
    return rows.all()


async def listed(session: AsyncSession, person: UUID) -> list[ConsentView]:
    """All consents of *person* that this branch may know of: its own, and at home all of them."""
    rows = (
        await session.scalars(
            select(Consent).where(Consent.person_id == person).order_by(Consent.id),
            execution_options={"populate_existing": True},
        )
    ).all()
    names = await codes(session, {row.tenant_id for row in rows})
    return [
        ConsentView(
            branch=names[row.tenant_id],
            purpose=row.purpose,
            version=row.version,
            given_at=row.created_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in rows
    ]
