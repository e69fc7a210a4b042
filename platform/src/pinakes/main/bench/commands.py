"""``pinakes bench NAME``: measure, and compare with a floor."""

import sys
from collections.abc import Callable
from importlib import import_module

import click

from pinakes.main.bench.report import Report, show

BENCHES = {
    "checkout": "pinakes.main.bench.checkout:run",
    "choosing": "pinakes.main.bench.choosing:run",
    "growing": "pinakes.main.bench.growing:run",
    "import": "pinakes.main.bench.importing:run",
    "isolation": "pinakes.main.bench.isolation:run",
    "lending": "pinakes.main.bench.lending:run",
    "pages": "pinakes.main.bench.pages:run",
    "promises": "pinakes.main.bench.promises:run",
    "search": "pinakes.main.bench.searching:run",
    "retargeting": "pinakes.main.bench.retargeting:run",
    "tenants": "pinakes.main.bench.tenants:run",
}


@click.command()
@click.argument("name", type=click.Choice(list(BENCHES)))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(name: str, *, as_json: bool) -> None:
    """Measure both sides of every ratio in one run; exit 1 when a must is missed."""
    module, function = BENCHES[name].split(":")
    run: Callable[[], Report] = getattr(import_module(module), function)
    report = run()
    show(report, as_json=as_json)
    sys.exit(0 if report.passed else 1)
