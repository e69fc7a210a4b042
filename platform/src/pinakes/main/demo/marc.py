"""``pinakes demo marc``: a file of MARC to try an import with."""

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import click
from rich.progress import track

from pinakes.main.demo.marc_books import book
from pinakes.main.demo.marc_fields import DIALECTS
from pinakes.platform.words import counted


def write(path: Path, records: Iterable[bytes]) -> None:
    """Write the records one after the other."""
    with path.open("wb") as file:
        file.writelines(records)


def records(
    count: int, *, dialect: str = "cnmarc", seed: int = 1, broken: int = 0
) -> Iterable[bytes]:
    """*count* good records, and *broken* broken ones (no more than that) among them."""
    make, kinds = DIALECTS[dialect], cycle((_cut_short, _lost_directory, _undecodable, _empty))
    every = max(1, count // (broken + 1))
    for number in range(1, count + 1):
        yield make(book(number, seed))
        if broken and number % every == 0:
            broken -= 1
            yield next(kinds)(make(book(count + number, seed)))


def _cut_short(record: bytes) -> bytes:
    """A transfer that broke off: the next record follows in the middle of this one."""
    return record[: len(record) * 2 // 3]


def _lost_directory(record: bytes) -> bytes:
    return record[:36] + b"?" * 24 + record[61:]


def _undecodable(record: bytes) -> bytes:
    """Bytes of no character set where the title was."""
    at = record.index(b"\x1fa", len(record) // 3) + 2
    return record[:at] + b"\xff\xfe\xff" + record[at + 3 :]


def _empty(_record: bytes) -> bytes:
    return b"00026nam0 2200025   4500\x1e\x1d"


@click.command("marc")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--records", "count", default=20_000, show_default=True, help="Good records.")
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="cnmarc", show_default=True)
@click.option("--seed", default=1, show_default=True, help="Another number, other books.")
@click.option("--broken", default=0, show_default=True, help="Broken records among them.")
def marc(file: Path, count: int, dialect: str, seed: int, broken: int) -> None:
    """Write FILE: a catalogue of made-up books with copies, in ISO 2709 and UTF-8."""
    if broken > count:
        raise click.UsageError("There cannot be more broken records than good ones.")
    made = records(count, dialect=dialect, seed=seed, broken=broken)
    write(file, track(made, "Writing", total=count + broken, transient=True))
    size = file.stat().st_size / 1e6
    click.echo(f"{file}: {counted(count, 'records')}, {broken} broken, {size:.1f} MB")
