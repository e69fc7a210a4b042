"""Logs: one JSON object a line, with request and trace, without personal data."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import asyncpg
import structlog
from sqlalchemy import exc

from pinakes.platform.outage import sqlstate

QUOTING = (exc.StatementError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Errors that may quote what was written or asked, and with them whatever they came from."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def set_up(level: int = logging.INFO) -> None:
    """Send everything that logs through one JSON renderer to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_request,
        structlog.processors.ExceptionRenderer(frames),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_values,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("uvicorn.access").disabled = True  # addresses hold card numbers and words
    logging.getLogger("httpx").setLevel(logging.WARNING)  # and so do those that we call


def with_request(_: Any, __: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say which request a line belongs to."""
    if (id := request_id.get()) is not None:
        entry["request"] = id
    return entry


def frames(exc_info: structlog.typing.ExcInfo) -> str:
    """The traceback; of what a database has said, its code alone."""
    lines = "".join(traceback.format_exception(*exc_info)).rstrip("\n").split("\n")
    for error in saying(exc_info[1]):
        first, *rest = str(error).split("\n")
        silent = {line.strip(" |") for line in rest}
        code = f"SQLSTATE {sqlstate(error) or 'unknown'}"
        lines = [
            line.replace(first, code) if first else line
            for line in lines
            if line.strip(" |") not in silent
        ]
    return "\n".join(lines)


def saying(
    error: BaseException | None, *, because: bool = False, seen: frozenset[int] = frozenset()
) -> Iterator[BaseException]:
    """Every error behind this one that may quote values, the outer before the inner."""
    if error is None or id(error) in seen:
        return
    if quoting := because or isinstance(error, QUOTING):
        yield error
    grouped = issubclass(type(error), BaseExceptionGroup)
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ()) if grouped else ()
    for one in (error.__cause__, error.__context__, *inner):
        yield from saying(one, because=quoting, seen=seen | {id(error)})


def without_values(
    _: Any, __: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Cut what drivers quote of a row: it may be a reader's."""
    for name in ("exception", "event"):
        if isinstance(entry.get(name), str):
            entry[name] = "\n".join(line for line in entry[name].split("\n") if not quotes(line))
    return entry


def quotes(line: str) -> bool:
    """Whether a line of a traceback quotes data: PostgreSQL's DETAIL, SQLAlchemy's parameters."""
    return line.lstrip().startswith(("DETAIL:", "[parameters:", "[SQL:", "CONTEXT:"))
