"""``pinakes test``: every check of the house, in one go; green only when all are."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, STDOUT, run
from typing import NamedTuple

import click
from alembic import command
from alembic.util import CommandError
from rich.console import Console

from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import configuration, upgrade

ROOT = Path(__file__).parents[4]
SIDE_BY_SIDE = ("-q", "-n", "2")  # two processes, each with a database of its own
LANES = 2  # tools at once
TOOLS = {
    "style": ["ruff", "check"],
    "format": ["ruff", "format", "--check"],
    "types (mypy)": ["mypy"],
    "types (pyright)": ["pyright"],
    "imports": ["lint-imports"],
}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def test(words: tuple[str, ...]) -> None:
    """Run every check; WORDS go to pytest (a file, -k, -x …)."""
    if not (ROOT / "pyproject.toml").exists():
        raise click.ClickException("The tests come with the source: use ./pinakes test there.")
    console = Console(highlight=False)
    with ThreadPoolExecutor(LANES) as lanes:  # most of them keep one core busy
        checks = {name: lanes.submit(outcome, tool) for name, tool in TOOLS.items()}
        tables = tables_match_models(console)  # here: its server goes with the thread
        failed = [name for name, check in checks.items() if not told(console, name, check.result())]
    if not tables:
        failed.append("tables")
    if not passes(console, ["pytest", *(words or SIDE_BY_SIDE)]):
        failed.append("tests")
    console.rule(f"[red]not green: {', '.join(failed)}" if failed else "[green]all green")
    sys.exit(1 if failed else 0)


class Outcome(NamedTuple):
    """What became of one tool."""

    passed: bool
    said: str
    took: float  # seconds


def command_of(tool: list[str]) -> list[str | Path]:
    """The *tool* of our environment."""
    return [Path(sys.executable).with_name(tool[0]), *tool[1:]]


def outcome(tool: list[str]) -> Outcome:
    """Run one *tool* over the whole checkout."""
    begun = time.monotonic()
    done = run(  # noqa: S603 - named above
        command_of(tool), cwd=ROOT, check=False, text=True, stdout=PIPE, stderr=STDOUT
    )
    return Outcome(done.returncode == 0, done.stdout, time.monotonic() - begun)


def told(console: Console, name: str, outcome: Outcome) -> bool:
    """Show what a tool said; whether it passed."""
    console.rule(name)
    console.out(outcome.said, end="", highlight=False)
    console.print(f"{name}: {'ok' if outcome.passed else 'failed'}, {outcome.took:.0f} s")
    return outcome.passed


def passes(console: Console, tool: list[str]) -> bool:
    """Run the tests, which show how far they are."""
    console.rule("tests")
    begun = time.monotonic()
    code = run(command_of(tool), cwd=ROOT, check=False).returncode  # noqa: S603 - named above
    console.print(f"tests: {'ok' if code == 0 else 'failed'}, {time.monotonic() - begun:.0f} s")
    return code == 0


def tables_match_models(console: Console) -> bool:
    """Whether the migrations make the tables that the models describe (alembic check)."""
    console.rule("tables")
    with open_folder("pinakes-check-") as folder, Postgres(folder) as postgres:
        owner = postgres.address("pinakes")
        upgrade(owner)
        try:
            command.check(configuration(owner))
        except CommandError as difference:
            console.print(f"tables: {difference}", markup=False)
            return False
    return True
