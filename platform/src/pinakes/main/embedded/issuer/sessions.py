"""Sessions: each is one family of refresh tokens, and ends as one."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

from pinakes.main.embedded.issuer.accounts import Account
from pinakes.main.embedded.issuer.store import Store

IDLE = 1800  # seconds without a refresh
LONGEST = 36_000  # seconds from log-in to log-in
CODE = 60  # seconds between the log-in page and the exchange of the code
ATTEMPT = 1800  # seconds that a log-in page stays usable

ALIVE = f"""ended_at IS NULL AND seen_at > now() - interval '{IDLE} seconds'
    AND session.created_at > now() - interval '{LONGEST} seconds'"""
OPEN = """
    INSERT INTO session (id, account, client, scope, nonce) VALUES ($1, $2, $3, $4, $5)
    RETURNING id, client, scope, nonce, step, session.created_at AS since
"""
FIND = f"""
    SELECT session.id AS sid, client, scope, nonce, step, session.created_at AS since, account.*
    FROM session JOIN account ON account.id = session.account
    WHERE session.id = $2 AND realm = $1 AND enabled AND {ALIVE}
"""  # noqa: S608 - ours
TURN = f"""
    UPDATE session SET step = step + 1, seen_at = now() WHERE id = $1 AND step = $2 AND {ALIVE}
    RETURNING step
"""  # noqa: S608 - ours
CLAIM = """
    UPDATE code SET uses = uses + 1 WHERE mark = $1
    RETURNING session, redirect_uri, challenge, uses,
        created_at > now() - make_interval(secs => $2) AS fresh
"""
SWEEP = (
    "DELETE FROM attempt WHERE created_at < now() - interval '1 hour'",
    "DELETE FROM code WHERE created_at < now() - interval '1 hour'",
    "DELETE FROM session WHERE created_at < now() - interval '2 days'",
)


def mark(word: str) -> bytes:
    """What we keep of a word that opens something."""
    return sha256(word.encode()).digest()


@dataclass(slots=True)
class Session:
    """One log-in with one client. Authlib takes it for the user and for the refresh token."""

    id: UUID
    account: Account
    client: str
    scope: str
    nonce: str | None
    step: int  # how often it was refreshed: only the token of the last step counts
    since: datetime

    def check_client(self, client: Any) -> bool:
        return bool(client.get_client_id() == self.client)

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that was just handed in. Authlib reads its challenge."""

    session: Session
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.session.scope


class Sessions:
    """The only writer of sessions and their codes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def open(
        self, account: Account, client: str, scope: str, nonce: str | None = None
    ) -> Session:
        row = await self.store.fetchrow(OPEN, uuid4(), account.id, client, scope, nonce)
        assert row is not None  # noqa: S101 - an INSERT answers its row
        return Session(account=account, **row)

    async def find(self, realm: str, id: UUID) -> Session | None:
        """A session that has not ended, of an account that may log in."""
        row = await self.store.fetchrow(FIND, realm, id)
        if row is None:
            return None
        names = ("client", "scope", "nonce", "step", "since")
        return Session(row["sid"], Account.of(row), **{name: row[name] for name in names})

    async def turn(self, session: Session) -> bool:
        """One step on, once: False when somebody has taken this step before."""
        step = await self.store.fetchval(TURN, session.id, session.step)
        session.step = step or session.step
        return step is not None

    async def end(self, id: UUID) -> None:
        await self.store.execute("UPDATE session SET ended_at = now() WHERE id = $1", id)

    async def end_all(self, account: UUID) -> None:
        """Nothing that *account* was given before now counts, nor a log-in that is half done."""
        async with self.store.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE account SET not_before = now() WHERE id = $1", account)
            await connection.execute(
                "UPDATE session SET ended_at = now() WHERE account = $1 AND ended_at IS NULL",
                account,
            )
            await connection.execute("DELETE FROM attempt WHERE account = $1", account)

    async def of(self, account: UUID) -> list[Any]:
        """The sessions of *account* that have not ended."""
        return await self.store.fetch(
            f"SELECT * FROM session WHERE account = $1 AND {ALIVE}",  # noqa: S608 - ours
            account,
        )

    async def keep_code(self, code: str, session: Session, redirect_uri: str, lock: str) -> None:
        await self.store.execute(
            "INSERT INTO code (mark, session, redirect_uri, challenge) VALUES ($1, $2, $3, $4)",
            mark(code),
            session.id,
            redirect_uri,
            lock,
        )

    async def claim_code(self, realm: str, code: str) -> Code | None:
        """What *code* stands for, once; handed in again it ends the session that it opened."""
        row = await self.store.fetchrow(CLAIM, mark(code), CODE)
        if row is None:
            return None
        if row["uses"] > 1:
            await self.end(row["session"])
        session = await self.find(realm, row["session"])
        if session is None or not row["fresh"]:
            return None
        return Code(session, row["redirect_uri"], row["challenge"])

    async def sweep(self) -> None:
        """Forget what no longer counts."""
        for order in SWEEP:
            await self.store.execute(order)


def word() -> str:
    """A word that nobody guesses."""
    return token_urlsafe(32)
