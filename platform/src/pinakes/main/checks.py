"""``pinakes test``: every check of the house, in one go; green only when all are."""

import sys
import time
from pathlib import Path
from subprocess import run

import click
from alembic import command
from alembic.util import CommandError
from rich.console import Console

from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.migrations.run import configuration, upgrade

ROOT = Path(__file__).parents[4]
SIDE_BY_SIDE = ("-q", "-n", "2")  # two processes, each with a database of its own
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
    failed = [name for name, tool in TOOLS.items() if not passes(console, name, tool)]
    if not tables_match_models(console):
        failed.append("tables")
    if not passes(console, "tests", ["pytest", *(words or SIDE_BY_SIDE)]):
        failed.append("tests")
    console.rule(f"[red]not green: {', '.join(failed)}" if failed else "[green]all green")
    sys.exit(1 if failed else 0)


def passes(console: Console, name: str, tool: list[str]) -> bool:
    """Run one *tool* of our environment over the whole checkout."""
    console.rule(name)
    begun = time.monotonic()
    program = Path(sys.executable).with_name(tool[0])
    code = run([program, *tool[1:]], cwd=ROOT, check=False).returncode  # noqa: S603 - named above
    console.print(f"{name}: {'ok' if code == 0 else 'failed'}, {time.monotonic() - begun:.0f} s")
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
