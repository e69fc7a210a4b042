"""What lending branches tell the home branch of a reader."""

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.loans import service
from pinakes.platform.messages import Message
from pinakes.tenants.circulation.events import LoanClosed, LoanOpened, LoanRecalled, LoanRenewed


async def opened(session: AsyncSession, event: LoanOpened, message: Message) -> None:
    await service.borrow(session, event, lender=message.sender, as_of=message.created_at)


async def renewed(session: AsyncSession, event: LoanRenewed, message: Message) -> None:
    await service.prolong(session, event, lender=message.sender, as_of=message.created_at)


async def recalled(session: AsyncSession, event: LoanRecalled, message: Message) -> None:
    await service.shorten(session, event, lender=message.sender, as_of=message.created_at)


async def closed(session: AsyncSession, event: LoanClosed, message: Message) -> None:
    await service.close(session, event, lender=message.sender, as_of=message.created_at)
