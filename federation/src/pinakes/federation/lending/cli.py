"""Commands that look at lending: its states as a drawing, its logic under storm."""

import time
from collections import Counter

import click

from pinakes.federation.holds.choosing.cli import simulate
from pinakes.federation.lending.act_cli import describe, do, place, scan
from pinakes.federation.lending.desk_cli import (
    repair,
    resume,
    set_right,
    settle,
    show,
    suspend,
    work,
)
from pinakes.federation.lending.model import LATEST, dot, model
from pinakes.federation.lending.simulation.books import Broken
from pinakes.federation.lending.simulation.storm import Storm
from pinakes.platform.words import counted


@click.group()
def lending() -> None:
    """Look after lending between branches."""


lending.add_command(simulate)


@lending.command()
@click.option("--dot", "drawn", is_flag=True, help="As a drawing for Graphviz.")
@click.option("--model", "version", default=LATEST, show_default=True, help="Which version.")
def states(drawn: bool, version: int) -> None:
    """Show how a request lives: its parties' states and moves."""
    known = model(version)
    if drawn:
        click.echo(dot(known))
        return
    for role, machine in known.machines.items():
        click.echo(
            f"{role}: {len(machine.states)} states, ends in {', '.join(sorted(machine.ends))}"
        )
        for some in machine.moves.values():
            for move in some:
                when = f" [{move.needs}]" if move.needs else ""
                click.echo(f"  {move.start} — {move.on}{when} → {move.to}")


@lending.command()
@click.option("--seeds", default=300, show_default=True, help="How many storms.")
@click.option("--steps", default=1_000, show_default=True, help="Steps of each.")
@click.option("--first", default=0, show_default=True, help="The seed of the first.")
def storm(seeds: int, steps: int, first: int) -> None:
    """Let a hub and fifty branches go through storms that their seeds make up."""
    seen: Counter[str] = Counter()
    begun = time.monotonic()
    for seed in range(first, first + seeds):
        try:
            seen += Storm(seed).run(steps)
        except Broken as broken:
            again = f"pinakes lending storm --first {seed} --seeds 1 --steps {steps}"
            raise click.ClickException(f"Seed {seed}: {broken}. Again with: {again}") from None
    for path, times in sorted(seen.items()):
        click.echo(f"{times:>10,}  {path}")
    told = f"{counted(seeds, 'seeds')} of {counted(steps, 'steps')}"
    click.echo(f"{told} in {time.monotonic() - begun:.1f} s; none broke.")


for command in (work, show, repair, set_right, settle, suspend, resume, place, do, describe, scan):
    lending.add_command(command)
