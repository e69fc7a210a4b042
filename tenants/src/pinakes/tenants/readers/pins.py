"""First PINs, given at the desk."""

from secrets import randbelow
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.audit import note
from pinakes.platform.login import Accounts
from pinakes.tenants.readers import cards, service

PIN_DIGITS = 6


async def first_pin(session: AsyncSession, accounts: Accounts, id: UUID, pin: str | None) -> str:
    """A new first PIN of a reader of our own, which must be changed at the next log-in.

    Whoever knew the old one is logged out. The PIN is kept nowhere but at the issuer.
    """
    reader = await service.at_home(session, id)
    given = pin or f"{randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    subject = await cards.account_of(session, accounts, reader)
    await accounts.set_pin(subject, given, temporary=True)
    note(session, "readers.pin", reader.id)
    return given
