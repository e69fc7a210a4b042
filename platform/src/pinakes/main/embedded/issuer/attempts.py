"""Log-ins under way: what a browser was sent here for, until it is sent back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pinakes.main.embedded.issuer.sessions import ATTEMPT, mark, word
from pinakes.main.embedded.issuer.store import Store

FIND = f"""
    SELECT * FROM attempt WHERE mark = $1 AND browser = $2 AND realm = $3
        AND created_at > now() - interval '{ATTEMPT} seconds'
"""  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Attempt:
    """One log-in page in one browser; ``account`` once the secret was right."""

    code: str
    realm: str
    asked: dict[str, str]  # the parameters of the authorization request
    language: str
    account: UUID | None = None


class Attempts:
    """The only writer of attempts. Each belongs to the browser that holds its cookie."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def begin(
        self, realm: str, asked: dict[str, str], language: str, browser: str
    ) -> Attempt:
        attempt = Attempt(word(), realm, asked, language)
        await self.store.execute(
            "INSERT INTO attempt (mark, browser, realm, asked, language)"
            " VALUES ($1, $2, $3, $4, $5)",
            *(mark(attempt.code), mark(browser), realm, asked, language),
        )
        return attempt

    async def find(self, realm: str, code: str, browser: str) -> Attempt | None:
        row: Any = await self.store.fetchrow(FIND, mark(code), mark(browser), realm)
        if row is None:
            return None
        return Attempt(code, realm, row["asked"], row["language"], row["account"])

    async def speak(self, attempt: Attempt, language: str) -> None:
        """Go on in another language."""
        await self.store.execute(
            "UPDATE attempt SET language = $2 WHERE mark = $1", mark(attempt.code), language
        )

    async def remember(self, attempt: Attempt, account: UUID) -> None:
        """The secret was right; something else has to be done before the browser goes back."""
        await self.store.execute(
            "UPDATE attempt SET account = $2 WHERE mark = $1", mark(attempt.code), account
        )

    async def finish(self, attempt: Attempt) -> bool:
        """Once: False when this attempt has been finished before."""
        done = await self.store.fetchval(
            "DELETE FROM attempt WHERE mark = $1 RETURNING true", mark(attempt.code)
        )
        return bool(done)
