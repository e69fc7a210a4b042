"""``pinakes bench NAME``: measure, and compare with a floor."""

import sys
from importlib import import_module

import click

from pinakes.main.bench.report import Report, show

BENCHES = {  # and their modules, so that each is loaded only when it is called
    "checkout": "checkout",
    "choosing": "choosing",
    "growing": "growing",
    "import": "importing",
    "isolation": "isolation",
    "lending": "lending",
    "million": "million",
    "pages": "pages",
    "promises": "promises",
    "search": "searching",
    "retargeting": "retargeting",
    "tenants": "tenants",
}


@click.command()
@click.argument("name", type=click.Choice(list(BENCHES)))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(name: str, *, as_json: bool) -> None:
    """Measure both sides of every ratio in one run; exit 1 when a must is missed."""
    report: Report = import_module(f"pinakes.main.bench.{BENCHES[name]}").run()
    show(report, as_json=as_json)
    sys.exit(0 if report.passed else 1)
