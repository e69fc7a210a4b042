"""The copies of a title at one branch, as everybody may see them: each can be asked for."""

import re
from typing import Any
from uuid import UUID

from msgspec import Struct

from pinakes.federation.discovery.service import PublicCatalogue
from pinakes.platform.directory import Tenant
from pinakes.platform.paging import Page, behind, cursor

COPIES = "SELECT * FROM commons.copies_shown($1, $2, $3, $4)"
COPY = """
    SELECT item, record, call_number, location, copy, available
    FROM commons.copy_shown($1, $2, $3) WHERE edition = $4
"""
PARTS = re.compile(r"(\d+)")


class Copy(Struct, frozen=True):
    """One copy or volume that can be borrowed; ``copy`` is its number, as the branch writes it.

    ``owner``, ``record`` and ``item`` together name it in a request.
    """

    owner: str  # the branch's code
    record: UUID
    item: UUID
    call_number: str
    location: str | None
    copy: str | None
    available: bool  # it stands on the shelf

    @property
    def place(self) -> tuple[list[tuple[int, str]], ...]:
        """Where it stands among others: volume 10 comes after volume 2."""
        return tuple([counted(one or "") for one in (self.call_number, self.location, self.copy)])


def counted(words: str) -> list[tuple[int, str]]:
    """The words, with the numbers in them compared as numbers."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in PARTS.split(words)]


async def some(
    catalogue: PublicCatalogue, edition: UUID, library: str, *, after: str | None, limit: int
) -> Page[Copy]:
    """One page of what the branch of that code lends of a title, first come, first told.

    Raises:
        NoSuchTenant, CursorMalformed: what was sent leads nowhere.
    """
    branch = catalogue.directory.coded(library)
    from_here = behind(after) if after is not None else None
    told = branch.id, edition, from_here, limit + 1
    found = [copy_of(branch, row) for row in await catalogue.reader.fetch(COPIES, *told)]
    shown = found[:limit]
    return Page(shown, cursor(shown[-1].item) if len(found) > len(shown) else None)


async def one(
    catalogue: PublicCatalogue, edition: UUID, library: str, record: UUID, item: UUID
) -> Copy | None:
    """The copy with this id, if everybody may see it and borrow it."""
    branch = catalogue.directory.codes.get(library)
    if branch is None:
        return None
    rows = await catalogue.reader.fetch(COPY, branch.id, record, item, edition)
    return next((copy_of(branch, row) for row in rows), None)


def copy_of(branch: Tenant, row: Any) -> Copy:
    item, record, call_number, location, copy, available = row
    return Copy(branch.code, record, item, call_number, location, copy, available)
