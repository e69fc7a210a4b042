"""Which records of several branches are the same edition. Pure; every answer names its rule."""

from typing import NamedTuple
from uuid import UUID

from pinakes.tenants.catalogue.marc import Title
from pinakes.tenants.catalogue.ready import first_isbn


class Met(NamedTuple):
    """Records with the same key are one edition; *rule* says why."""

    key: str
    rule: str


def meet(tenant: int, record: UUID, title: Title) -> Met:
    """The first ISBN that is right joins records; one without any stands alone."""
    if isbn13 := first_isbn(title):
        return Met(f"isbn:{isbn13}", "isbn13")
    return Met(f"record:{tenant}:{record}", "alone")
