"""Browsers that people have come in by: there nobody else's wrong guesses lock them out."""

from uuid import UUID

from pinakes.main.embedded.issuer.accounts import counting
from pinakes.main.embedded.issuer.sessions import mark
from pinakes.main.embedded.issuer.store import Store

DAYS = 180  # days since somebody came in by it
THIS = "mark = $1 AND account = $2"
KNOWN = "SELECT EXISTS (SELECT FROM browser WHERE mark = $1 AND account = ANY($2))"
GUESS = counting("browser", THIS)
REMEMBER = """
    INSERT INTO browser (mark, account) VALUES ($1, $2) ON CONFLICT (mark, account)
    DO UPDATE SET failures = 0, failed_at = NULL, locked_until = NULL, seen_at = now()
"""
FORGET = f"DELETE FROM browser WHERE seen_at < now() - interval '{DAYS} days'"  # noqa: S608 - ours


class Browsers:
    """The only writer of browsers. Each goes by a word of ours in its cookie."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def known(self, browser: str, accounts: list[UUID]) -> bool:
        """Whether one of *accounts* has come in by it."""
        return bool(await self.store.fetchval(KNOWN, mark(browser), accounts))

    async def may_guess(self, browser: str, account: UUID) -> bool | None:
        """Count a guess there; False when there were too many, None where it is not known."""
        if not await self.known(browser, [account]):
            return None
        return await self.store.fetchval(GUESS, mark(browser), account) is not None

    async def remember(self, browser: str, account: UUID) -> None:
        """The secret was right: from now on its guesses are counted apart from all others."""
        await self.store.execute(REMEMBER, mark(browser), account)

    async def sweep(self) -> None:
        """Forget those by which nobody comes any more."""
        await self.store.execute(FORGET)
