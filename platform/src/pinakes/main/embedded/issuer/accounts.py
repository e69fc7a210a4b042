"""Accounts: whom the issuer knows, and how often somebody has guessed at a secret."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg.exceptions import UniqueViolationError

from pinakes.main.embedded.issuer.store import Store
from pinakes.platform.clock import now

NOBODY = UUID(int=0)
SEVERAL = 8  # people who may go by one number
LET_OFF = 20  # guesses that others of the number may make before its bearer comes in again

# From the fifth failure on each one locks the account, twice as long as the one before. Counted
# before the secret is looked at and in the row itself, so that guesses sent side by side count
# too; not waiting for the disk, so that a name we know takes no longer than one we do not.
COUNT = "1 + CASE WHEN failed_at > now() - interval '12 hours' THEN failures ELSE 0 END"


def counting(table: str, one: str) -> str:
    """The order that counts a guess in a row of ours, and answers nothing while that is locked."""
    return f"""
        WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
        UPDATE {table} SET failures = {COUNT}, failed_at = now(), locked_until =
            CASE WHEN {COUNT} >= 5
            THEN now() + least(60 * 2 ^ least({COUNT} - 5, 8), 900) * interval '1 second' END
        FROM quick WHERE {one} AND (locked_until IS NULL OR locked_until <= now())
        RETURNING true
    """  # noqa: S608 - ours


GUESS = counting("account", "id = $1")
FORGIVE = """
    UPDATE account SET failures = 0, failed_at = NULL, locked_until = NULL, let_off = 0
    WHERE id = $1
"""
UNCOUNT = """
    UPDATE account SET failures = failures - 1, locked_until = NULL, let_off = let_off + 1
    WHERE id = $1 AND failures > 0 AND let_off < $2
"""
CARD = "attributes @> jsonb_build_object('card_number', jsonb_build_array($2::text))"


@dataclass(frozen=True, slots=True)
class Account:
    """A reader or a member of staff."""

    id: UUID
    realm: str
    username: str
    enabled: bool
    email: str | None
    first_name: str | None
    last_name: str | None
    attributes: dict[str, list[str]]
    actions: list[str]
    sealed: str | None
    not_before: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    locked_until: datetime | None = None
    let_off: int = 0  # wrong guesses that were taken back since its bearer came in
    created_at: datetime = field(default_factory=now)

    @classmethod
    def of(cls, row: Any) -> "Account":
        return cls(**{name: row[name] for name in NAMES})

    def first(self, attribute: str) -> str | None:
        """The first value of an attribute."""
        return next(iter(self.attributes.get(attribute, [])), None)

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


NAMES = [one.name for one in fields(Account)]
ADDED = NAMES[:10]  # the later ones are changed by orders of their own
WRITTEN = NAMES[2:9]  # what an administrator describes


class Accounts:
    """The only writer of accounts."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def find(self, realm: str, id: UUID) -> Account | None:
        row = await self.store.fetchrow(
            "SELECT * FROM account WHERE id = $1 AND realm = $2", id, realm
        )
        return Account.of(row) if row else None

    async def select(self, where: str, *values: Any, limit: int, offset: int = 0) -> list[Account]:
        """The accounts that satisfy our own condition *where*, in the order of their names."""
        rows = await self.store.fetch(
            f"SELECT * FROM account WHERE {where} ORDER BY username"  # noqa: S608 - ours
            f" LIMIT {limit} OFFSET {offset}",
            *values,
        )
        return [Account.of(row) for row in rows]

    async def count(self, where: str, *values: Any) -> int:
        """How many satisfy our own condition *where*."""
        query = f"SELECT count(*) FROM account WHERE {where}"  # noqa: S608 - ours
        return int(await self.store.fetchval(query, *values))

    async def taken(self, realm: str, names: list[str]) -> int:
        """How many of these user names belong to somebody."""
        return await self.count("realm = $1 AND username = ANY($2)", realm, names)

    async def known_as(self, realm: str, name: str) -> list[Account]:
        """Who may have typed *name*: NUMBER@LIBRARY before all, a user name, or a card number."""
        if realm != "readers":
            return await self.select("realm = $1 AND username = lower($2)", realm, name, limit=1)
        number, _, home = name.rpartition("@")
        at_home = f"realm = $1 AND {CARD} AND attributes -> 'home' ->> 0 = $3"
        if number and (found := await self.select(at_home, realm, number, home, limit=SEVERAL)):
            return found
        return await self.select(
            f"realm = $1 AND (username = lower($2) OR {CARD})", realm, name, limit=SEVERAL
        )

    async def add(self, *accounts: Account) -> set[UUID]:
        """Add the accounts whose names are free; answers their ids."""
        columns = ", ".join(ADDED)
        places = ", ".join(f"${place}" for place, _ in enumerate(ADDED, 1))
        order = (
            f"INSERT INTO account ({columns}) VALUES ({places})"  # noqa: S608 - ours
            " ON CONFLICT (realm, username) DO NOTHING RETURNING id"
        )
        async with self.store.acquire() as connection:
            rows = await connection.fetchmany(
                order, [[getattr(account, name) for name in ADDED] for account in accounts]
            )
        return {row["id"] for row in rows}

    async def write(self, account: Account) -> bool:
        """Keep what *account* says of itself; False when its name belongs to another one."""
        pairs = ", ".join(f"{name} = ${place}" for place, name in enumerate(WRITTEN, 2))
        try:
            await self.store.execute(
                f"UPDATE account SET {pairs} WHERE id = $1",  # noqa: S608 - ours
                account.id,
                *(getattr(account, name) for name in WRITTEN),
            )
        except UniqueViolationError:
            return False
        return True

    async def set_secret(self, id: UUID, sealed: str, actions: list[str]) -> None:
        await self.store.execute(
            "UPDATE account SET sealed = $2, actions = $3 WHERE id = $1", id, sealed, actions
        )

    async def may_guess(self, id: UUID) -> bool:
        """Count a guess; False when there were too many."""
        return await self.store.fetchval(GUESS, id) is not None

    async def forgive(self, id: UUID) -> None:
        """Forget the failures."""
        await self.store.execute(FORGIVE, id)

    async def uncount(self, id: UUID) -> None:
        """Take one guess back: it was meant for somebody else. That ends after LET_OFF of them."""
        await self.store.execute(UNCOUNT, id, LET_OFF)

    async def remove(self, id: UUID) -> None:
        await self.store.execute("DELETE FROM account WHERE id = $1", id)
