"""Logs: one JSON object a line, with request and trace, without personal data."""

import logging
import sys
from contextvars import ContextVar
from typing import Any

import structlog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def set_up(level: int = logging.INFO) -> None:
    """Send everything that logs through one JSON renderer to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_request,
        structlog.processors.format_exc_info,
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
