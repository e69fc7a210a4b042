"""Organizations: one per branch, with the staff who are its members."""

from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

from asyncpg.exceptions import ForeignKeyViolationError, UniqueViolationError

from pinakes.main.embedded.issuer.accounts import Account
from pinakes.main.embedded.issuer.store import Store


@dataclass(frozen=True, slots=True)
class Organization:
    """A branch as the issuer knows it; ``alias`` is the branch's code and never changes."""

    id: UUID
    realm: str
    name: str
    alias: str
    enabled: bool
    description: str | None

    @classmethod
    def of(cls, row: Any) -> "Organization":
        return cls(*(row[name] for name in cls.__slots__))


class Organizations:
    """The only writer of organizations."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def find(self, realm: str, id: UUID) -> Organization | None:
        row = await self.store.fetchrow(
            "SELECT * FROM organization WHERE id = $1 AND realm = $2", id, realm
        )
        return Organization.of(row) if row else None

    async def search(
        self, realm: str, word: str, *, exact: bool, limit: int, offset: int
    ) -> list[Organization]:
        """By name alone: Keycloak does not look into the alias either."""
        rows = await self.store.fetch(
            """SELECT * FROM organization WHERE realm = $1 AND
                CASE WHEN $3 THEN name = $2 ELSE strpos(lower(name), lower($2)) > 0 END
                ORDER BY name LIMIT $4 OFFSET $5""",
            *(realm, word, exact, limit, offset),
        )
        return [Organization.of(row) for row in rows]

    async def add(self, organization: Organization) -> bool:
        """False when its name or alias is taken."""
        added = await self.store.fetchval(
            "INSERT INTO organization (id, realm, name, alias, enabled, description)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
            *astuple(organization),
        )
        return added is not None

    async def write(self, organization: Organization) -> bool:
        """False when its new name is taken."""
        try:
            await self.store.execute(
                "UPDATE organization SET name = $2, enabled = $3, description = $4 WHERE id = $1",
                *(organization.id, organization.name),
                *(organization.enabled, organization.description),
            )
        except UniqueViolationError:
            return False
        return True

    async def remove(self, id: UUID) -> None:
        await self.store.execute("DELETE FROM organization WHERE id = $1", id)

    async def join(self, id: UUID, account: UUID) -> bool | None:
        """True for a new member, False for an old one, None for somebody who is not there."""
        try:
            joined = await self.store.fetchval(
                "INSERT INTO membership VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true",
                *(id, account),
            )
        except ForeignKeyViolationError:
            return None
        return bool(joined)

    async def leave(self, id: UUID, account: UUID) -> bool:
        left = await self.store.fetchval(
            "DELETE FROM membership WHERE organization = $1 AND account = $2 RETURNING true",
            *(id, account),
        )
        return bool(left)

    async def members(self, id: UUID, *, limit: int, offset: int) -> list[Account]:
        rows = await self.store.fetch(
            """SELECT account.* FROM account JOIN membership ON membership.account = account.id
                WHERE organization = $1 ORDER BY username LIMIT $2 OFFSET $3""",
            *(id, limit, offset),
        )
        return [Account.of(row) for row in rows]

    async def count(self, id: UUID) -> int:
        query = "SELECT count(*) FROM membership WHERE organization = $1"
        return int(await self.store.fetchval(query, id))

    async def of(self, account: UUID) -> list[Organization]:
        """The organizations of a member."""
        rows = await self.store.fetch(
            """SELECT organization.* FROM organization
                JOIN membership ON membership.organization = organization.id
                WHERE account = $1 ORDER BY alias""",
            account,
        )
        return [Organization.of(row) for row in rows]

    async def enabled(self, realm: str, aliases: list[str]) -> list[str]:
        """Those of *aliases* that exist and are not shut."""
        rows = await self.store.fetch(
            "SELECT alias FROM organization WHERE realm = $1 AND alias = ANY($2) AND enabled",
            *(realm, aliases),
        )
        return [row["alias"] for row in rows]

    async def names(self, aliases: list[str], language: str) -> dict[str, str]:
        """What the branches with these codes are called in a language; English ones describe."""
        rows = await self.store.fetch(
            "SELECT alias, name, description FROM organization WHERE alias = ANY($1)", aliases
        )
        return {
            row["alias"]: (language == "en" and row["description"])
            or row["name"].removesuffix(f" ({row['alias']})")
            for row in rows
        }
