"""Who is asking, and which roles they have where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a principal may be, from the least to the most."""

    ANONYMOUS = "anonymous"
    READER = "reader"
    DESK = "desk"
    CATALOGUER = "cataloguer"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a machine, already authenticated, acting in one tenant (or in none)."""

    subject: str
    realm: str | None = None
    tenant: int | None = None
    roles: frozenset[Role] = frozenset({Role.ANONYMOUS})
    person: UUID | None = None  # of a reader
    home: str | None = None  # code of the reader's home
    name: str | None = None

    @property
    def role(self) -> str:
        """The highest of its roles: the one that audit and messages tell of."""
        return max(self.roles, key=list(Role).index)


ANYONE = Principal("anonymous")


def roles_at(grants: Iterable[str], lineage: Sequence[str]) -> frozenset[Role]:
    """The roles that *grants* give at the last branch of *lineage* (codes from the root down).

    ``ROLE@CODE`` counts at CODE itself, ``ROLE@CODE*`` also at all below it,
    ``operator@*`` everywhere. Words that are no role give nothing.
    """
    reach = {*(f"{code}*" for code in lineage), *lineage[-1:], "*"}
    pairs = (grant.split("@", 1) for grant in grants if "@" in grant)
    return frozenset(Role(role) for role, where in pairs if role in Role and where in reach)
