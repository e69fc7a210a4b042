"""``pinakes lending simulate``: what another policy would have done, for those who decide on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from pinakes.federation.holds.choosing import generating
from pinakes.federation.holds.choosing.models import KEPT
from pinakes.federation.holds.choosing.recorded import recorded
from pinakes.federation.holds.choosing.simulation import FAIR, Course, Habits, Outcome, Shown
from pinakes.federation.holds.choosing.world import Demand, World
from pinakes.platform import clock
from pinakes.platform.command import json_option, show_json, work
from pinakes.platform.db import public_work
from pinakes.platform.doors import Doors
from pinakes.platform.running import data_option
from pinakes.tenants.registry.sharing import Policy

FIGURES = {
    "requests": "requests",
    "own": "had at home",
    "filled": "filled by others",
    "fill_rate": "fill rate",
    "days_median": "days, median",
    "days_p95": "days, 95 of 100",
    "asked_per_request": "branches asked per request",
    "suppliers": "branches that supplied",
    "gini": "unevenness (Gini; 0 is even)",
    "gini_by_holdings": f"load against holdings (Gini; target: up to {FAIR})",
    "fair": "fair, by that target",
    "tenth": "share of the busiest tenth",
    "net_worst": "most supplied over borrowed",
}
WORST = 10  # provinces that are shown


class PolicyUnreadable(click.ClickException):
    """The policy is no JSON of the setting ``lending.policy``."""


@click.command()
@click.option("--policy", required=True, help="The other policy: a JSON file, or JSON itself.")
@click.option("--generate", type=int, help="Make up so many requests instead of replaying.")
@click.option("--branches", default=3_419, show_default=True, help="Of a made-up country.")
@click.option("--days", default=30, show_default=True, help="How long to replay or to make up.")
@click.option("--refusals", default=0.1, show_default=True, help="Share of askings refused.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same outcome.")
@data_option
@json_option
def simulate(
    data: Path, *, as_json: bool, policy: str, seed: int, refusals: float, **told: Any
) -> None:
    """Replay requests against another policy: how many are filled, how soon, and by whom.

    Fair is a policy by which branches supply as they hold: the Gini coefficient of supplies over
    copies stays within the target. It says little of fewer than some 30 requests a branch.
    """
    other = read_policy(policy)
    world, demands = requests(data, seed=seed, **told)
    if not demands:
        raise click.ClickException("Nothing was asked for. Make requests up with --generate N.")
    habits = Habits(refusals=refusals)
    outcomes = {
        name: Course(world, policy, habits, seed).run(demands, progress(name))
        for name, policy in {"today": None, "other": other}.items()
    }
    if as_json:
        show_json(outcomes)
    else:
        show(outcomes["today"], outcomes["other"])


def progress(name: str) -> Shown:
    """A bar while the requests are lived through under the policy of this *name*."""
    screen = Console(stderr=True)
    return lambda demands: track(demands, name, console=screen, transient=True)


def read_policy(told: str) -> Sequence[Policy]:
    """Versions of a policy, or a single one."""
    words = told if told.lstrip()[:1] in ("[", "{") else Path(told).read_text()
    try:
        found = msgspec.json.decode(words, type=list[Policy] | Policy)
    except msgspec.DecodeError as error:
        raise PolicyUnreadable(f"This is no lending.policy: {error}") from error
    return [found] if isinstance(found, Policy) else found


def requests(
    data: Path, *, generate: int | None, branches: int, days: int, seed: int
) -> tuple[World, list[Demand]]:
    """Made up, or as they were."""
    if generate:
        world = generating.world(branches, seed, clock.now().date())
        return world, list(generating.demands(world, generate, days, seed))
    if days > KEPT.days:
        raise click.ClickException(
            f"What was asked is kept for {KEPT.days} days: replay at most --days {KEPT.days},"
            " or make requests up with --generate N."
        )

    async def look(doors: Doors) -> tuple[World, list[Demand]]:
        async with public_work(doors.database.app) as session:
            return await recorded(session, days)

    return work(data, look)


def show(today: Outcome, other: Outcome) -> None:
    """Both courses side by side, and the provinces whose load changes most."""
    figures = Table("", "today", "other policy")
    for name, label in FIGURES.items():
        figures.add_row(label, *(worded(getattr(one, name)) for one in (today, other)))
    loads = Table("province", "borrows", "supplies today", "supplies then", title="Who carries it")
    moved = sorted(
        today.provinces, key=lambda code: -abs(other.provinces[code][0] - today.provinces[code][0])
    )
    for code in moved[:WORST]:
        before, then = today.provinces[code], other.provinces[code]
        loads.add_row(code, *(f"{count:,}" for count in (before[1], before[0], then[0])))
    console = Console()
    console.print(figures)
    console.print(loads)


def worded(figure: float | bool) -> str:
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    return f"{figure:,}"
