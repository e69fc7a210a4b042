"""Cells of a table that a spreadsheet opens and runs nothing of."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

FORMULA = (*"=+-@", *"＝＋－＠", *"\t\r\n")  # what a spreadsheet would run
BOM = b"\xef\xbb\xbf"  # without it a spreadsheet takes UTF-8 for something else


def defused(cell: str) -> str:
    """*cell* as no spreadsheet runs it."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def undefused(cell: str) -> str:
    """A cell of a file, its own or one that we have defused, without the spaces around it."""
    plain = cell.strip()
    return plain[1:] if plain[:1] == "'" and plain.lstrip("'").startswith(FORMULA) else plain


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """The rows as lines of CSV, defused."""
    file = StringIO(newline="")
    csv.writer(file).writerows([defused(cell) for cell in row] for row in rows)
    return file.getvalue().encode()
