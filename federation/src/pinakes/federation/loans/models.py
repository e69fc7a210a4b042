"""The home branch's own table of its readers' loans."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from pinakes.platform.db import Base, TenantOwned, index


class Borrowed(TenantOwned, Base):
    """A loan as the lending branch told of it; the row has the loan's own id."""

    __tablename__ = "borrowed"
    __table_args__ = (
        index("person_id"),
        Index(
            "borrowed_to_cut", "tenant_id", "returned_at",
            postgresql_where=text("returned_at IS NOT NULL"),
        ),
        Index(
            "borrowed_due", "tenant_id", "due_at", postgresql_where=text("returned_at IS NULL"),
        ),
    )  # fmt: skip

    lender_id: Mapped[int]
    person_id: Mapped[UUID]
    barcode: Mapped[str]
    title: Mapped[str]
    lent_at: Mapped[datetime]
    due_at: Mapped[datetime]
    renewals: Mapped[int]
    returned_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # lost, claimed; none: it came back
    as_of: Mapped[datetime]  # when the lending branch said so
