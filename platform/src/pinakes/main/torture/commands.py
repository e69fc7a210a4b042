"""``pinakes torture``: what is promised is looked for where it hurts."""

import sys

import click

from pinakes.main.torture.play import torture
from pinakes.main.torture.sabotage import SABOTAGES
from pinakes.platform.command import json_option, show_json
from pinakes.platform.words import counted


@click.command("torture")
@click.option(
    "--kills",
    default=500,
    show_default=True,
    help="How many times something dies at a named place.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed, other places.")
@click.option(
    "--sabotage", type=click.Choice(list(SABOTAGES)), help="Take a promise away: must be caught."
)
@json_option
def command(kills: int, seed: int, sabotage: str | None, as_json: bool) -> None:
    """Kill API, worker and PostgreSQL at named places; exit 1 when anything is lost or doubled."""
    tally = torture(kills, seed, sabotage)
    if as_json:
        acknowledged = {"loans": len(tally.lent), "requests": len(tally.asked)}
        died = {"kills": tally.kills, "ends": tally.ends, "elsewhere": tally.elsewhere}
        show_json({**died, **acknowledged, "wrong": tally.wrong})
    else:
        ends = f"{counted(tally.kills, 'ends')} at named places, {tally.elsewhere} elsewhere"
        loans = counted(len(tally.lent), "loans")
        requests = counted(len(tally.asked), "requests")
        click.echo(f"{ends}, {loans} and {requests} acknowledged")
        for place, times in sorted(tally.ends.items()):
            click.echo(f"  {times:4} {place}")
        for wrong in tally.wrong:
            click.echo(f"BROKEN: {wrong}")
    sys.exit(bool(tally.wrong))
