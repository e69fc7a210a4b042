"""Other cells from the command line; it works beside the database, as an operator."""

from pathlib import Path

import click

from pinakes.federation.ledger import keys
from pinakes.federation.ledger.notes import KEY_BYTES, public_of
from pinakes.platform.command import json_option, show_json, work
from pinakes.platform.db import public_work
from pinakes.platform.doors import Doors
from pinakes.platform.outside import Place
from pinakes.platform.running import data_option
from pinakes.tenants.registry import cells as registry


@click.group()
def cells() -> None:
    """Look after other cells of the deployment, and say which branches live there."""


@cells.command("list")
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    """List the cells that are registered here."""

    async def look(doors: Doors) -> list[dict[str, object]]:
        async with public_work(doors.database.app) as session:
            return [
                {"code": cell.code, "address": cell.address, "key": cell.key.hex(),
                 "revoked_at": cell.revoked_at}
                for cell in await registry.listed(session)
            ]  # fmt: skip

    rows = work(data, look)
    if as_json:
        show_json({"items": rows})
    for row in [] if as_json else rows:
        state = "revoked" if row["revoked_at"] else "counts"
        click.echo(f"{row['code']}  {row['address']}  {row['key']}  {state}")


@cells.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Show the public half of the key in FILE, which is made if it is not there."""
    keys.make_once(file)
    click.echo(public_of(keys.load(file)).hex())


@cells.command()
@click.argument("code")
@click.argument("address")
@click.argument("key")
@data_option
def join(code: str, address: str, key: str, data: Path) -> None:
    """Register the cell CODE, which takes mail at ADDRESS and seals it with KEY (public, hex)."""
    Place.of(address, inside=True)
    try:
        public = bytes.fromhex(key)
    except ValueError:
        public = b""
    if len(public) != KEY_BYTES:
        raise click.UsageError("KEY is 64 hex digits, as pinakes cells key shows them.")

    async def write(doors: Doors) -> None:
        async with public_work(doors.database.public) as session:
            await registry.join(session, code, address, public)

    work(data, write)
    click.echo(f"{code} may write to us, and we to it.")


@cells.command()
@click.argument("code")
@data_option
def revoke(code: str, data: Path) -> None:
    """Believe the cell CODE no longer, and send nothing there."""

    async def write(doors: Doors) -> None:
        async with public_work(doors.database.public) as session:
            await registry.revoke(session, code)

    work(data, write)
    click.echo(f"{code} counts no longer.")


@cells.command()
@click.argument("branch")
@click.option("--cell", help="The cell in which it lives now; none: this one.")
@click.option("--epoch", type=click.IntRange(2), required=True, help="The number of this move.")
@data_option
def settle(branch: str, cell: str | None, epoch: int, data: Path) -> None:
    """Say where BRANCH lives from now on. Say the same in every cell."""

    async def write(doors: Doors) -> None:
        async with public_work(doors.database.public) as session:
            await registry.settle(session, branch, cell, epoch)

    work(data, write)
    click.echo(f"{branch} lives in {cell or 'this cell'} since its move {epoch}.")
