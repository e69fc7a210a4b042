"""Where a life may end: before or after a statement reaches the database, by the words in it.

Or amid what comes in pieces: rows copied into the database, a file out of the object store.
"""

import os
import signal
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, Literal, NamedTuple

from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement

from pinakes.platform.objects import CHUNK, Store

type Moment = Literal["before", "amid", "after"]
type PassBy = Callable[[Moment, str], None]


class Place(NamedTuple):
    moment: Moment
    words: str  # that the statement contains
    most: int = 4  # passings before the end comes; few where few pass


WORKER: dict[str, Place] = {
    "messages are claimed": Place("after", "outbox_claim"),
    "the receiver knows them": Place("after", "inbox_take"),
    "the receiver has counted its loans": Place("after", "loans_heard", 3),
    "the parties of requests are to move": Place("before", "write_heard"),
    "the parties of requests have moved": Place("after", "write_heard"),
    "a transaction ends": Place("before", "COMMIT"),
    "a transaction has ended": Place("after", "COMMIT"),
    "the sender hears of it": Place("before", "UPDATE outbox", 3),
    "the sender has heard of it": Place("after", "UPDATE outbox", 3),
    "timers are claimed": Place("after", "UPDATE alarm a", 2),
    "a timer is about to ring": Place("after", "WHERE request_party.id =", 3),
    "the ledger takes in what waits": Place("after", "DELETE FROM ledger_waiting", 3),
    "the ledger's head is signed": Place("before", "INSERT INTO commons.ledger_head", 2),
    "what came back is offered": Place("after", "commons.waited_for"),
    "a notice is queued": Place("after", "INSERT INTO notice_due", 2),
    "notices are claimed": Place("after", "UPDATE notice_due AS q", 2),
}
RARE: dict[str, Place] = {  # of a worker, in a long storm: a short one would wait for them
    "a copy is kept for whoever waits": Place("after", "SET offered_by = kept.supplier", 1),
}
IMPORT: dict[str, Place] = {  # of a worker, too; how often each is passed, a test knows
    "a file is being fetched": Place("amid", "uploads/", 1),
    "records are being copied": Place("amid", "coming_record", 2),
    "records are to be settled": Place("before", "FROM coming_record c", 2),
    "a job writes down how far it is": Place("before", "UPDATE job SET done", 2),
    "a table's copies have been written": Place("after", "INSERT INTO item", 2),
    "an undo has taken copies out": Place("after", "DELETE FROM item", 2),
    "an undo has taken records out": Place("after", "DELETE FROM record", 2),
    "records have been derived anew": Place("after", "title_fields jsonb, sort_key text", 2),
}
API: dict[str, Place] = {
    "a loan has been read": Place("after", "read_checkout"),
    "a loan is written": Place("before", "write_checkout"),
    "a loan has been written": Place("after", "write_checkout"),
    "a return has been read": Place("after", "read_return"),
    "a return is written": Place("before", "write_return"),
    "a return has been written": Place("after", "write_return"),
    "a request is written": Place("before", "write_place", 1),
    "a request has been written": Place("after", "write_place", 1),
    "a step of a request is written": Place("before", "write_request", 2),
    "a step of a request has been written": Place("after", "write_request", 2),
}


def arm(place: Place, nth: int, ending: signal.Signals = signal.SIGKILL) -> None:
    """Die at the *nth* passing of *place*, as if the plug had been pulled, or stand still there."""
    left = nth

    def pass_by(moment: Moment, statement: str) -> None:
        nonlocal left
        if moment == place.moment and place.words in statement:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), ending)

    watch(Connection, "execute", simple, pass_by)
    watch(Connection, "_execute", sent, pass_by)
    watch(PreparedStatement, "_PreparedStatement__bind_execute", prepared, pass_by)
    watch_copying(pass_by)
    watch_fetching(pass_by)


def sent(_: Connection, statement: str, *__: object) -> str:
    return statement


def simple(connection: Connection, statement: str, *arguments: object) -> str:
    """With arguments the driver sends it by its other verb."""
    return "" if arguments else sent(connection, statement)


def prepared(statement: "PreparedStatement[Any]", *_: object) -> str:
    return statement.get_query()


def watch(
    owner: type[Any],
    verb: str,
    statement: Callable[..., str],
    pass_by: PassBy,
) -> None:
    """Call *pass_by* around every statement that this verb of the driver sends."""
    send: Callable[..., Awaitable[Any]] = getattr(owner, verb)

    async def watched(*args: Any, **more: Any) -> Any:
        words = statement(*args)
        pass_by("before", words)
        answer = await send(*args, **more)
        pass_by("after", words)
        return answer

    setattr(owner, verb, watched)


def watch_copying(pass_by: PassBy) -> None:
    """Call *pass_by* when half of what is copied into a table has been sent."""
    send: Callable[..., Awaitable[Any]] = getattr(Connection, "_copy_in")  # noqa: B009  (private)

    async def watched(
        connection: Connection, statement: str, source: AsyncIterable[bytes], *more: Any
    ) -> Any:
        async def halves() -> AsyncIterator[bytes]:
            async for piece in source:
                middle = len(piece) // 2
                yield piece[:middle]
                pass_by("amid", statement)
                yield piece[middle:]

        return await send(connection, statement, halves(), *more)

    setattr(Connection, "_copy_in", watched)  # noqa: B010


def watch_fetching(pass_by: PassBy) -> None:
    """Call *pass_by* behind each piece of a file that the object store has given."""
    stream = Store.stream

    async def watched(store: Store, key: str, chunk: int = CHUNK) -> AsyncIterator[bytes]:
        async for piece in stream(store, key, chunk):
            yield piece
            pass_by("amid", key)

    setattr(Store, "stream", watched)  # noqa: B010
