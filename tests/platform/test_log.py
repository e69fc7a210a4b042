"""A log line is one JSON object, and tells nothing of a reader."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from asyncpg import PostgresError
from asyncpg.exceptions import InvalidTextRepresentationError
from sqlalchemy.exc import DBAPIError

from pinakes.platform import log

READER = "李小明\n2990"
QUOTED = (
    "duplicate key",
    "DETAIL:  Key (number)=(2990 0012 3456) exists.",
    "insert refused",
    "[parameters: ('李小明', '123456')]",
)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process would write to standard error."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    monkeypatch.setattr("sys.stderr", stream)
    log.set_up()
    yield stream
    root.handlers[:], root.level = before


def told(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_is_an_object_with_its_request(lines: io.StringIO) -> None:
    log.request_id.set("desk-7")
    logging.getLogger("pinakes.x").warning("the shelf is %s", "full")
    [line] = told(lines)
    assert (line["event"], line["level"], line["request"]) == (
        "the shelf is full",
        "warning",
        "desk-7",
    )


def test_what_a_driver_quotes_of_a_row_is_cut(lines: io.StringIO) -> None:
    try:
        try:
            raise ValueError("\n".join(QUOTED[:2]))
        except ValueError as error:
            raise RuntimeError("\n".join(QUOTED[2:])) from error
    except RuntimeError:
        logging.getLogger("pinakes.x").exception("a fault of our own")
    [line] = told(lines)
    assert "duplicate key" in line["exception"]
    assert "3456" not in lines.getvalue()
    assert "李小明" not in lines.getvalue()


def refused() -> None:
    """As the drivers raise it: a value that is no number, told three times over."""
    try:
        try:
            raise ValueError(READER)
        except ValueError as error:
            raise InvalidTextRepresentationError(f'syntax for integer: "{READER}"') from error
    except PostgresError as error:
        raise DBAPIError("SELECT\n:name", {"name": READER}, error) from error


def test_a_database_tells_its_code_and_no_value(lines: io.StringIO) -> None:
    try:
        refused()
    except DBAPIError as error:
        group = ExceptionGroup("two tasks", [RuntimeError(f"because of {error}"), error])
        for fault in (error, group):
            logging.getLogger("pinakes.x").error("a fault of our own", exc_info=fault)
    for line in told(lines):
        assert "SQLSTATE 22P02" in line["exception"]
        assert "in refused" in line["exception"]
    assert "李小明" not in lines.getvalue()
    assert "2990" not in lines.getvalue()


def test_who_asked_for_which_address_is_not_written(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /v1/catalogue/search?q=secret")
    assert lines.getvalue() == ""
