"""What a reader sees of loans."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

from msgspec import Struct

from pinakes.federation.loans import models
from pinakes.platform.clock import local
from pinakes.platform.directory import Directory
from pinakes.tenants.circulation.machine import State, state_of


class MyLoan(Struct):
    """One of my loans; *branch* is the code of the lender, which renews it.

    Its moments are told by the lender's clocks. *request*: which of my requests has brought it.
    """

    id: UUID
    branch: str
    branch_zh: str
    branch_en: str
    barcode: str
    title: str
    lent_at: datetime
    due_at: datetime
    renewals: int
    returned_at: datetime | None
    state: State
    as_of: datetime
    request: UUID | None

    @classmethod
    def of(
        cls,
        row: models.Borrowed,
        directory: Directory,
        brought: Mapping[tuple[str, str], UUID],
    ) -> Self:
        lender, back = directory.ids[row.lender_id], row.returned_at
        return cls(
            id=row.id,
            branch=lender.code,
            branch_zh=lender.name("zh"),
            branch_en=lender.name("en"),
            barcode=row.barcode,
            title=row.title,
            lent_at=local(row.lent_at, lender.zone),
            due_at=local(row.due_at, lender.zone),
            renewals=row.renewals,
            returned_at=local(back, lender.zone) if back else None,
            state=state_of(back, row.outcome),
            as_of=local(row.as_of, lender.zone),
            request=None if back else brought.get((lender.code, row.barcode)),
        )
