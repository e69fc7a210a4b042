"""``pinakes demo``: things to try with."""

import click

from pinakes.main.demo.marc import marc


@click.group()
def demo() -> None:
    """Make things to try with."""


demo.add_command(marc)
