"""Errors that are nobody's fault and worth another try: the database was away, others faster."""

import asyncpg
from sqlalchemy import exc

AWAY = (
    OSError,
    exc.TimeoutError,
    exc.InterfaceError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a server that died between two calls has left a last word
)
STATES = ("08", "53300", "57P")  # connection lost; too many of them; shutting down or starting
CHANGED = {"PT409", "23505"}  # said by our functions; by a unique index


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code for *error*, whichever driver wrapped it; "" when it is none of its."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else ""


def is_outage(error: BaseException) -> bool:
    """Whether the database could not be reached, or went away meanwhile."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else None
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    return (
        lost
        or isinstance(error, AWAY)
        or isinstance(cause, AWAY)
        or (sqlstate(error).startswith(STATES))
    )


def was_overtaken(error: BaseException) -> bool:
    """Whether others have changed what was read: whoever reads again may decide anew."""
    return sqlstate(error) in CHANGED
