"""Who is asking, and which roles they have where."""

from collections.abc import Iterable, Iterator, Sequence, Set
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


READERS, STAFF = REALMS = ("readers", "staff")  # at the issuer: two houses of accounts
BRANCH_ROLES = frozenset({Role.DESK, Role.CATALOGUER, Role.ADMINISTRATOR})
EVERYWHERE = "operator@*"  # the only grant that needs no branch


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a machine, already authenticated, acting in one tenant (or in none)."""

    subject: str
    realm: str | None = None
    roles: frozenset[Role] = frozenset({Role.ANONYMOUS})
    below: frozenset[Role] = frozenset()  # those of them that it has in the branches below, too
    person: UUID | None = None  # of a reader
    home: str | None = None  # code of the reader's home
    name: str | None = None

    @property
    def role(self) -> str:
        """The highest of its roles: the one that audit and messages tell of."""
        return max(self.roles, key=list(Role).index)

    def may(self, allowed: Set[str]) -> bool:
        """Whether one of its roles is *allowed*; ``ROLE*`` takes one that reaches below."""
        return not self.roles.isdisjoint(allowed) or not allowed.isdisjoint(
            map(starred, self.below)
        )


def starred(role: Role) -> str:
    """How the table of rights writes a *role* that reaches the branches below."""
    return f"{role}*"


ANYONE = Principal("anonymous")


def roles_at(grants: Iterable[str], lineage: Sequence[str]) -> frozenset[Role]:
    """The roles that *grants* give at the last branch of *lineage* (codes from the root down).

    ``ROLE@CODE`` counts at CODE itself, ``ROLE@CODE*`` also at all below it,
    ``operator@*`` everywhere. Any other word gives nothing.
    """
    reach = {*(f"{code}*" for code in lineage), *lineage[-1:]}
    return frozenset(role for grant in grants for role in granted(grant, reach))


def roles_below(grants: Iterable[str], lineage: Sequence[str]) -> frozenset[Role]:
    """Those that count at the last branch of *lineage* and at every branch below it."""
    return roles_at((grant for grant in grants if grant.endswith("*")), lineage)


def granted(grant: str, reach: set[str]) -> Iterator[Role]:
    """The role of one grant, if it counts at a branch that goes by the names in *reach*."""
    role, _, where = grant.partition("@")
    if grant == EVERYWHERE:
        yield Role.OPERATOR
    elif role in BRANCH_ROLES and where in reach:
        yield Role(role)
