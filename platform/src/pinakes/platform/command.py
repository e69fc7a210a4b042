"""What commands share: who gives them, beside what they work, and how they answer programs."""

import asyncio
from collections.abc import Awaitable, Callable
from logging import NullHandler, getLogger
from pathlib import Path
from typing import Any

import click
import msgspec

from pinakes.platform.config import settings
from pinakes.platform.doors import Doors
from pinakes.platform.errors import Problem
from pinakes.platform.http import told_by_database
from pinakes.platform.identity import Principal, Role
from pinakes.platform.paging import MOST, Page
from pinakes.platform.running import NotRunning, adopt

OPERATOR = Principal("command", roles=frozenset({Role.OPERATOR}))

branch_option = click.option("--branch", required=True, help="Code of the branch.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
after_option = click.option("--after", help="Go on behind this: the `next` of the page before.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="At most so many."
)


def work[T](data: Path, act: Callable[[Doors], Awaitable[T]]) -> T:
    """Run *act* beside what runs on *data*; problems are told with their code."""

    async def opened() -> T:
        async with Doors.open(settings()) as doors:
            return await act(doors)

    getLogger("asyncpg").addHandler(NullHandler())  # whose pool is loud when the database stops
    try:
        adopt(data)
        return asyncio.run(opened())
    except NotRunning as reason:
        raise click.ClickException(str(reason)) from None
    except Exception as error:
        problem = error if isinstance(error, Problem) else told_by_database(error)
        if problem is None:
            raise
        raise click.ClickException(f"{problem.code}: {problem.detail}") from None


def show_json(value: Any) -> None:
    click.echo(msgspec.json.encode(value))


def show_page[T](page: Page[T], line: Callable[[T], str], *, as_json: bool) -> None:
    """Some of a list, one in a *line*, and how to go on; the page itself for programs."""
    if as_json:
        show_json(page)
        return
    for one in page.items:
        click.echo(line(one))
    if page.next:
        click.echo(f"There are more: --after {page.next}")
    elif not page.items:
        click.echo("There is nothing here.")
