"""The table of items."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index, link
from pinakes.tenants.items.machine import Status


class Item(TenantOwned, Base):
    """One copy that can be taken in the hand."""

    __tablename__ = "item"
    __table_args__ = (
        link("record_id", "record"),
        index("barcode", unique=True),
        index("record_id"),
        index("request_id", where="request_id IS NOT NULL"),
    )

    record_id: Mapped[UUID]
    barcode: Mapped[str]
    kind: Mapped[str]  # book, reference, child, audio …: what the lending rules tell apart
    status: Mapped[Status] = mapped_column(default=Status.ON_SHELF)
    call_number: Mapped[str] = mapped_column(default="")
    location: Mapped[str | None]
    copy: Mapped[str | None]
    price: Mapped[str | None]  # as written, with its currency
    import_id: Mapped[UUID | None]  # the job that put it into stock
    request_id: Mapped[UUID | None]  # for which it is kept, or under way
    held_for: Mapped[UUID | None]  # on the hold shelf: nobody else may take it
    back_by: Mapped[datetime | None]  # no loan of it lasts longer
    guest_of: Mapped[int | None]  # the branch whose it is, if it is not ours
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __mapper_args__ = {"version_id_col": version}
