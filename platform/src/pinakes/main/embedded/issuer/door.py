"""Who comes in: the one place that compares secrets."""

from asyncio import gather
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

from pinakes.main.embedded.issuer import pins
from pinakes.main.embedded.issuer.accounts import LET_OFF, NOBODY, Account, Accounts
from pinakes.main.embedded.issuer.addresses import Addresses, TooManyGuesses
from pinakes.main.embedded.issuer.browsers import Browsers

LANES = 2  # secrets compared at the same time: the rest of the issuer goes on meanwhile


class WhichLibrary(Exception):
    """A number and its secret fit several people; ``homes`` are the codes of their libraries."""

    def __init__(self, homes: list[str]) -> None:
        super().__init__(homes)
        self.homes = homes


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a guess comes from, as far as that is known."""

    browser: str | None = None  # the word in its cookie
    address: str | None = None


NOWHERE = Origin()


class Door:
    """Opens to a name and its secret; every other answer looks and lasts the same."""

    def __init__(self, accounts: Accounts, browsers: Browsers, addresses: Addresses) -> None:
        self.accounts = accounts
        self.browsers = browsers
        self.addresses = addresses
        self.lanes: CapacityLimiter | None = None

    async def knock(
        self,
        realm: str,
        name: str,
        secret: str,
        home: str | None = None,
        origin: Origin = NOWHERE,
    ) -> Account | None:
        """The account, or None for a wrong secret, an unknown name, and one locked or disabled.

        Where several people carry the number, the secret tells who knocks. They are asked
        back about only when it fits more than one of them: a wrong one learns nothing.
        Others' guesses, at the account or from the address (TooManyGuesses), hold nobody up in a
        browser that they have come in by before.
        """
        found = await self.meant(realm, name.strip(), home)
        address = await self.counted(origin, found)
        if not found:
            await self.guess(None, secret)
        guesses = await gather(*(self.guess(account, secret, origin.browser) for account in found))
        opened = [account for account, fits in zip(found, guesses, strict=True) if fits]
        if not opened:
            return None
        if address:
            await self.addresses.uncount(address)
        for account, fits in zip(found, guesses, strict=True):
            await self.settle(account, fits)
        homes = sorted({account.first("home") or "" for account in opened})
        if len(homes) > 1:
            raise WhichLibrary(homes)
        return opened[0] if len(opened) == 1 else None

    async def meant(self, realm: str, name: str, home: str | None) -> list[Account]:
        """Those who may be knocking.

        Whoever shares a number could otherwise try secrets of the others for ever, coming in
        by their own after each. So a bare number soon means nobody whose bearer stays away:
        NUMBER@LIBRARY still does, and there every wrong guess counts.
        """
        found = await self.accounts.known_as(realm, name)
        if home is not None:
            return [account for account in found if account.first("home") == home]
        if len(found) == 1 or "@" in name:
            return found
        return [account for account in found if account.let_off < LET_OFF]

    async def counted(self, origin: Origin, accounts: list[Account]) -> str | None:
        """The address at which this guess is counted; none at a browser that one came in by."""
        ids = [account.id for account in accounts]
        if origin.browser and await self.browsers.known(origin.browser, ids):
            return None
        if origin.address and not await self.addresses.may_guess(origin.address):
            raise TooManyGuesses
        return origin.address

    async def guess(
        self, account: Account | None, secret: str, browser: str | None = None
    ) -> bool | None:
        """Whether *secret* opens *account*, None while it is locked; nobody's takes as long."""
        id = account.id if account else NOBODY
        allowed = await self.browsers.may_guess(browser, id) if browser else None
        if allowed is None:
            allowed = await self.accounts.may_guess(id)
        fits = await self.compare(account.sealed if account else None, secret)
        if not allowed:
            return None
        return bool(account and fits and account.enabled)

    async def settle(self, account: Account, fits: bool | None) -> None:
        """Somebody came in: whoever shares the number is not locked out by that, nor let off."""
        if fits:
            await self.accounts.forgive(account.id)
        elif fits is not None:
            await self.accounts.uncount(account.id)

    async def compare(self, sealed: str | None, secret: str) -> bool:
        self.lanes = self.lanes or CapacityLimiter(LANES)
        return await to_thread.run_sync(pins.fits, sealed, secret, limiter=self.lanes)

    async def seal(self, secret: str) -> str:
        self.lanes = self.lanes or CapacityLimiter(LANES)
        return await to_thread.run_sync(pins.seal, secret, limiter=self.lanes)
