"""Tables of the staff."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index
from pinakes.platform.identity import Role


class Staff(TenantOwned, Base):
    """One person who works here; the account itself is kept by the issuer."""

    __tablename__ = "staff"
    __table_args__ = (index("subject", unique=True), index("name", unique=True))

    subject: Mapped[str]
    name: Mapped[str]  # to log in with: NAME@CODE
    role: Mapped[Role]
    below: Mapped[bool]  # the same rights in every branch below
    active: Mapped[bool] = mapped_column(server_default="true")


class Revocation(Base):
    """Tokens of *subject*, a person or one log-in, do not count if they are older than this."""

    __tablename__ = "revocation"
    __table_args__ = (Index("revocation_before", "before"), {"schema": "commons"})

    subject: Mapped[str] = mapped_column(primary_key=True)
    before: Mapped[datetime]
