"""The three things that a branch moves into: database, object store, log-in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from pinakes.platform.config import Settings
from pinakes.platform.db import Database
from pinakes.platform.login import Accounts
from pinakes.platform.objects import Keys, Objects


@dataclass(frozen=True, slots=True)
class Doors:
    database: Database
    objects: Objects
    accounts: Accounts

    @classmethod
    def at(cls, settings: Settings, database: Database) -> Self:
        """Where *settings* say they are."""
        keys = Keys(settings.objects_key, settings.objects_secret.get_secret_value())
        objects = Objects(
            settings.objects, keys, role=settings.objects_role, region=settings.objects_region
        )
        accounts = Accounts(settings.issuer, settings.issuer_secret.get_secret_value())
        return cls(database, objects, accounts)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncGenerator[Self]:
        """For commands, which have no application around them."""
        async with Database.open(settings) as database:
            yield cls.at(settings, database)
