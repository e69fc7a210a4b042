"""Who comes in: the one place that compares secrets."""

from anyio import CapacityLimiter, to_thread

from pinakes.main.embedded.issuer import pins
from pinakes.main.embedded.issuer.accounts import NOBODY, Account, Accounts

LANES = 2  # secrets compared at the same time: the rest of the issuer goes on meanwhile


class WhichLibrary(Exception):
    """Several people carry a card of this number; ``homes`` are the codes of their libraries."""

    def __init__(self, homes: list[str]) -> None:
        super().__init__(homes)
        self.homes = homes


class Door:
    """Opens to a name and its secret; every other answer looks and lasts the same."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.lanes: CapacityLimiter | None = None

    async def knock(
        self, realm: str, name: str, secret: str, home: str | None = None
    ) -> Account | None:
        """The account, or None for a wrong secret, an unknown name, and one locked or disabled."""
        found = await self.accounts.known_as(realm, name.strip())
        if home is not None:
            found = [account for account in found if account.first("home") == home]
        homes = sorted({account.first("home") or "" for account in found})
        if len(homes) > 1:
            raise WhichLibrary(homes)
        if not found:
            await self.opens(None, secret)
        opened = [account for account in found if await self.opens(account, secret)]
        return opened[0] if len(opened) == 1 else None

    async def opens(self, account: Account | None, secret: str) -> bool:
        """Whether *secret* opens *account* now; nobody's account takes as long and stays shut."""
        allowed = await self.accounts.may_guess(account.id if account else NOBODY)
        fits = await self.compare(account.sealed if account else None, secret)
        if not (account and allowed and fits and account.enabled):
            return False
        await self.accounts.forgive(account.id)
        return True

    async def compare(self, sealed: str | None, secret: str) -> bool:
        self.lanes = self.lanes or CapacityLimiter(LANES)
        return await to_thread.run_sync(pins.fits, sealed, secret, limiter=self.lanes)

    async def seal(self, secret: str) -> str:
        self.lanes = self.lanes or CapacityLimiter(LANES)
        return await to_thread.run_sync(pins.seal, secret, limiter=self.lanes)
