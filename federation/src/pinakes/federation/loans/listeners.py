"""What lending branches tell the home branch of its readers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.carrier import numbers
from pinakes.platform.db import Database, driver, to_json
from pinakes.platform.messages import Event, Heard, Message
from pinakes.tenants.readers.standing import ReaderUnknown

TOLD = "SELECT loans_told($1)"
HEARD = "SELECT loans_heard($1, $2, $3, $4)"


async def told(session: AsyncSession, heard: Heard[Event]) -> None:
    """Write the news of loans down, and let lending branches know how many each reader has left."""
    if not await (await driver(session)).fetchval(TOLD, to_json(news_in(heard))):
        raise ReaderUnknown("Nobody here has this person's home.")


async def told_leanly(database: Database, heard: Heard[Event]) -> bool:
    """The same in one call."""
    messages = [message for _, message in heard]
    here, marks = messages[0].receiver, numbers(messages)
    await database.hot.execute(HEARD, here, *marks, news_in(heard))
    return True


def news_in(heard: Heard[Event]) -> list[Mapping[str, Any]]:
    return [news(event, message) for event, message in heard]


def news(event: Event, message: Message) -> Mapping[str, Any]:
    """An event and who told it when; OverflowError for a moment that has no date in UTC."""
    said = {"kind": message.kind, "lender": message.sender, "as_of": message.created_at}
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in (asdict(event) | said).items()
    }
