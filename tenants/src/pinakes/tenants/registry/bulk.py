"""Many branches at once, from a CSV: one failure stops nothing, a second run finishes the rest."""

import asyncio
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
from msgspec import Struct

from pinakes.platform.doors import Doors
from pinakes.platform.errors import BadRequest, Unavailable
from pinakes.platform.http import understand
from pinakes.platform.identity import Principal
from pinakes.platform.retry import pause
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.onboarding import onboard
from pinakes.tenants.registry.schemas import MovedIn, NewBranch

SIDE_BY_SIDE = 8
TRIES = 4  # before the last one
COLUMNS = frozenset(NewBranch.__struct_fields__)
NEEDED = frozenset({"code", "kind"})


class CsvRefused(BadRequest):
    code = "csv_refused"
    title = "This file is not a list of branches"


class Line(Struct):
    """One line of the file, read or not."""

    number: int
    code: str
    wish: NewBranch | None = None
    fault: str | None = None


class Outcome(Struct, omit_defaults=True):
    """What became of one line. *problem* is a stable code; the password is told once."""

    line: int
    code: str
    result: str  # created, finished, unchanged, failed
    problem: str | None = None
    detail: str | None = None
    admin: str | None = None
    password: str | None = None


type Told = Callable[[Outcome], None]


def read(path: Path) -> list[Line]:
    """The lines of a CSV in UTF-8 whose first line names its columns, or CsvRefused."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            check_columns(table.fieldnames or [])
            return [line(table.line_num, row) for row in table]
    except UnicodeDecodeError as error:
        raise CsvRefused("The file is not in UTF-8.") from error
    except csv.Error as error:
        raise CsvRefused(f"The file is not well formed: {error}.") from error


def check_columns(columns: Sequence[str]) -> None:
    """A misspelt column would otherwise be ignored in silence."""
    if unknown := set(columns) - COLUMNS:
        raise CsvRefused(f"Nobody knows these columns: {', '.join(sorted(unknown))}.")
    if missing := NEEDED - set(columns):
        raise CsvRefused(f"These columns are missing: {', '.join(sorted(missing))}.")


def line(number: int, row: dict[str | None, str | list[str] | None]) -> Line:
    """One line as a wish; an empty field is not there."""
    code = str(row.get("code") or "")
    if None in row or None in row.values():
        return Line(number, code, fault="The line has not as many fields as the first one.")
    told = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
    given = {name: value for name, value in told.items() if value}
    try:
        return Line(number, code, msgspec.convert(given, NewBranch, strict=False))
    except msgspec.ValidationError as error:
        return Line(number, code, fault=str(error))


async def move_in(
    doors: Doors, asker: Principal, lines: Iterable[Line], told: Told
) -> list[Outcome]:
    """Let them all move in, parents first, several side by side; in the order of the file."""
    turn = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(line: Line) -> Outcome:
        async with turn:
            outcome = await try_line(doors, asker, line)
        told(outcome)
        return outcome

    outcomes: list[Outcome] = []
    for level in levels(lines):
        outcomes += await asyncio.gather(*map(one, level))
    return sorted(outcomes, key=lambda outcome: outcome.line)


def levels(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines of one kind together, from the hub down: a parent's kind always comes earlier."""
    order = [None, *Kind]

    def depth(line: Line) -> int:
        return order.index(line.wish.kind if line.wish else None)

    for _, level in groupby(sorted(lines, key=depth), depth):
        yield list(level)


async def try_line(doors: Doors, asker: Principal, line: Line) -> Outcome:
    """Let one branch move in; whatever goes wrong is told in its line."""
    if line.wish is None:
        return Outcome(line.number, line.code, "failed", "line_malformed", line.fault)
    try:
        done = await patiently(doors, asker, line.wish)
    except Exception as error:
        problem = understand(error)
        return Outcome(line.number, line.code, "failed", problem.code, problem.detail)
    shown = done.admin if done.password else None
    return Outcome(line.number, line.code, done.result, admin=shown, password=done.password)


async def patiently(doors: Doors, asker: Principal, wish: NewBranch) -> MovedIn:
    """Let it move in; what does not answer is asked again, a few times."""
    for attempt in range(TRIES):
        try:
            return await onboard(doors, asker, wish)
        except Unavailable:
            await asyncio.sleep(pause(attempt))
    return await onboard(doors, asker, wish)
