"""The audit log: who did what, when, with which result; ids only, no personal data."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from pinakes.platform.db import Base, TenantOwned, index, uuid7
from pinakes.platform.identity import Principal
from pinakes.platform.log import request_id


class Audit(TenantOwned, Base):
    """One thing that somebody did in one tenant."""

    __tablename__ = "audit"
    __table_args__ = (index("subject", "created_at"),)

    actor: Mapped[str]
    role: Mapped[str]
    operation: Mapped[str]
    subject: Mapped[str | None]  # the id of what it was done to
    result: Mapped[str]
    request: Mapped[str | None]


def note(
    session: AsyncSession, operation: str, subject: object = None, result: str = "done"
) -> None:
    """Write into the audit log, if and only if this transaction commits."""
    asker: Principal | None = session.info.get("asker")
    session.add(
        Audit(
            id=uuid7(),
            actor=asker.subject if asker else "system",
            role=asker.role if asker else "system",
            operation=operation,
            subject=None if subject is None else str(subject),
            result=result,
            request=request_id.get(),
        )
    )
