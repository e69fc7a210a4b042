"""The table of loans: the lending branch owns it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index, link


class Loan(TenantOwned, Base):
    """One item in one reader's hands, from the scan that lent it to the scan that took it back."""

    __tablename__ = "loan"
    __table_args__ = (
        link("item_id", "item"),
        index("item_id", "returned_at"),
        Index(
            "loan_open", "tenant_id", "item_id", unique=True,
            postgresql_where=text("returned_at IS NULL"),
        ),
        index("person_id"),
        Index(
            "loan_to_cut", "tenant_id", "returned_at",
            postgresql_where=text("person_id IS NOT NULL AND returned_at IS NOT NULL"),
        ),
    )  # fmt: skip

    item_id: Mapped[UUID]
    barcode: Mapped[str]  # these three as they were when it went out
    item_kind: Mapped[str]
    title: Mapped[str]
    person_id: Mapped[UUID | None]  # none: cut, some time after the return
    home_id: Mapped[int]
    reader_kind: Mapped[str]
    lent_at: Mapped[datetime]
    due_at: Mapped[datetime]
    renewals: Mapped[int] = mapped_column(default=0, server_default="0")
    returned_at: Mapped[datetime | None]  # or when it was over without its book
    outcome: Mapped[str | None]  # lost, claimed; none: it came back
