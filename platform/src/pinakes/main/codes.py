"""``pinakes errors``: every error code that an answer may bear."""

import json
from dataclasses import asdict

import click

import pinakes.main.app  # noqa: F401 - with it every problem is known
from pinakes.main.problems import entries


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def errors(*, as_json: bool) -> None:
    """List every error code that an answer may bear."""
    for one in entries():
        click.echo(
            json.dumps(asdict(one)) if as_json else f"{one.code:32} {one.status}  {one.title}"
        )
