"""A worker that sends e-mails and nothing else: to be killed."""

import asyncio

from pinakes.federation.notices.duties import courier
from pinakes.federation.notices.machine import Channel
from pinakes.platform.config import settings
from pinakes.platform.db import Database


async def send() -> None:
    async with Database.open(settings()) as database:
        await courier(settings(), database).round(Channel.EMAIL)


asyncio.run(send())
