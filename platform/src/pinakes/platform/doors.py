"""The three things that a branch moves into: database, object store, log-in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.login import Accounts
from pinakes.platform.objects import Objects, objects_of


@dataclass(frozen=True, slots=True)
class Doors:
    database: Database
    objects: Objects
    accounts: Accounts

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncGenerator[Self]:
        """For commands, which have no application around them."""
        secret = settings.issuer_secret.get_secret_value()
        async with Database.open(settings) as database, Accounts(settings.issuer, secret) as people:
            yield cls(database, objects_of(settings), people)
