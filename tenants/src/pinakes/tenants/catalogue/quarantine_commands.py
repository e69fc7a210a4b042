"""What imports set aside, on the command line: looked at, mended, tried again, discarded."""

from pathlib import Path
from uuid import UUID

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.command import (
    after_option,
    branch_option,
    json_option,
    limit_option,
    show_json,
    show_page,
)
from pinakes.platform.paging import Page
from pinakes.platform.running import data_option
from pinakes.tenants.catalogue import lists, mending, service
from pinakes.tenants.catalogue.marc import Dialect
from pinakes.tenants.catalogue.mending import Mended, Mending
from pinakes.tenants.catalogue.schemas import QuarantinedView
from pinakes.tenants.registry.inside import inside

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)

piece_argument = click.argument("id", metavar="PIECE", type=click.UUID)
encoding_option = click.option("--encoding", help="The character set to read it in.")
dialect_option = click.option("--dialect", type=click.Choice([one.value for one in Dialect]))


@click.group()
def quarantine() -> None:
    """Look after what imports set aside."""


@quarantine.command("list")
@click.argument("job", metavar="IMPORT", type=click.UUID)
@branch_option
@after_option
@limit_option
@data_option
@json_option
def list_all(
    job: UUID, branch: str, after: str | None, limit: int, data: Path, as_json: bool
) -> None:
    """List what an IMPORT (its id) set aside, last first."""

    async def look(session: AsyncSession) -> Page[QuarantinedView]:
        return await lists.pieces(session, job, after, limit)

    show_page(inside(data, branch, look), line, as_json=as_json)


@quarantine.command()
@piece_argument
@branch_option
@click.option(
    "--raw",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Its very bytes into this file.",
)
@encoding_option
@data_option
@json_option
def show(
    id: UUID, branch: str, file: Path | None, encoding: str | None, data: Path, as_json: bool
) -> None:
    """Show a PIECE (its id) as text, and why it was set aside."""

    async def look(session: AsyncSession) -> tuple[mending.Piece, bytes]:
        row = await service.set_aside(session, id)
        return await mending.look(session, id, encoding), row.raw

    piece, raw = inside(data, branch, look)
    if file is not None:
        file.write_bytes(raw)
    if as_json:
        show_json(piece)
        return
    click.echo(f"{piece.ordinal}  {piece.state}  {piece.reason}\n{piece.en}\n{piece.zh}\n")
    click.echo(piece.text)


@quarantine.command()
@piece_argument
@click.argument("file", type=FILE)
@branch_option
@encoding_option
@dialect_option
@data_option
@json_option
def mend(  # noqa: PLR0913, PLR0917 (each is a word of the command)
    id: UUID,
    file: Path,
    branch: str,
    encoding: str | None,
    dialect: str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Take the one record of FILE in, in the place of a PIECE (its id).

    ISO 2709, MARCXML, or lines in UTF-8 as `show` tells them.
    """
    become(id, branch, data, wish(encoding, dialect), file.read_bytes(), as_json=as_json)


@quarantine.command()
@piece_argument
@branch_option
@encoding_option
@dialect_option
@data_option
@json_option
def retry(
    id: UUID, branch: str, encoding: str | None, dialect: str | None, data: Path, as_json: bool
) -> None:
    """Read a PIECE (its id) once more, in another character set or dialect, and take it in."""
    become(id, branch, data, wish(encoding, dialect), None, as_json=as_json)


@quarantine.command()
@piece_argument
@branch_option
@data_option
@json_option
def discard(id: UUID, branch: str, data: Path, as_json: bool) -> None:
    """Say that nobody wants a PIECE (its id); its bytes are kept, it can still be mended."""

    async def act(session: AsyncSession) -> QuarantinedView:
        return QuarantinedView.of(await mending.discard(session, id))

    view = inside(data, branch, act)
    if as_json:
        show_json(view)
    else:
        click.echo(f"It is {view.state}; its bytes are kept, and it can still be mended.")


def wish(encoding: str | None, dialect: str | None) -> Mending:
    """How to read it, as a route would understand it."""
    try:
        return msgspec.convert({"encoding": encoding, "dialect": dialect}, Mending)
    except msgspec.ValidationError as error:
        raise click.ClickException(f"validation_failed: {error}") from None


def become(
    id: UUID, branch: str, data: Path, wish: Mending, file: bytes | None, *, as_json: bool
) -> None:
    """Mend it, and tell what has become of it."""

    async def act(session: AsyncSession) -> Mended:
        return Mended((await mending.mend(session, id, wish, file)).became)

    done = inside(data, branch, act)
    if as_json:
        show_json(done)
    else:
        click.echo(f"It is the record {done.became} from now on.")


def line(one: QuarantinedView) -> str:
    """A piece in one line."""
    told = (one.id, one.ordinal, one.byte_offset, one.size, one.state, one.reason)
    return "  ".join(map(str, told)) + f"  {one.en} / {one.zh}"
