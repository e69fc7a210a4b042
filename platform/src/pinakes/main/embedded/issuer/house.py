"""Everything that the issuer's routes share."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pinakes.main.embedded.issuer.accounts import Accounts
from pinakes.main.embedded.issuer.addresses import Addresses
from pinakes.main.embedded.issuer.attempts import Attempts
from pinakes.main.embedded.issuer.browsers import Browsers
from pinakes.main.embedded.issuer.clients import Client, clients
from pinakes.main.embedded.issuer.door import Door
from pinakes.main.embedded.issuer.keys import Keys
from pinakes.main.embedded.issuer.mint import Mint
from pinakes.main.embedded.issuer.organizations import Organizations
from pinakes.main.embedded.issuer.sessions import Sessions
from pinakes.main.embedded.issuer.settings import Settings
from pinakes.main.embedded.issuer.store import Store, opened


@dataclass(frozen=True, slots=True)
class House:
    """The stores, the keys and the door of one issuer."""

    settings: Settings
    store: Store
    accounts: Accounts
    organizations: Organizations
    sessions: Sessions
    attempts: Attempts
    browsers: Browsers
    addresses: Addresses
    keys: Keys
    mint: Mint
    door: Door
    clients: dict[str, Client]

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncGenerator["House"]:
        """Connect, and have keys ready."""
        async with opened(settings.database) as store:
            accounts, sessions, keys = Accounts(store), Sessions(store), Keys(store)
            browsers, addresses = Browsers(store), Addresses(store)
            await keys.load()
            yield cls(
                settings=settings,
                store=store,
                accounts=accounts,
                organizations=Organizations(store),
                sessions=sessions,
                attempts=Attempts(store),
                browsers=browsers,
                addresses=addresses,
                keys=keys,
                mint=Mint(settings, keys, sessions),
                door=Door(accounts, browsers, addresses),
                clients=clients(settings.secret, settings.returns),
            )
