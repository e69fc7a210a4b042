"""Notices from the command line: which have not gone, in which words, once more or never."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices import service
from pinakes.federation.notices.machine import Action, State
from pinakes.federation.notices.models import Notice
from pinakes.federation.notices.rendering import Renderer
from pinakes.federation.notices.schemas import NoticeView
from pinakes.platform.command import OPERATOR, branch_option, json_option, show_json, work
from pinakes.platform.config import settings
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.doors import Doors
from pinakes.platform.language import LANGUAGES
from pinakes.platform.running import data_option
from pinakes.tenants.registry.noticing import KINDS, Wording

MOST = 200

notice_argument = click.argument("notice", type=click.UUID)

type Act[T] = Callable[[AsyncSession, Renderer, Tenant], Awaitable[T]]


@click.group()
def notices() -> None:
    """Look after notices to readers."""


@notices.command("list")
@branch_option
@click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only those in this state."
)
@data_option
@json_option
def list_(branch: str, state: str | None, data: Path, as_json: bool) -> None:
    """List a branch's notices, newest first, after how many stand where."""

    async def look(
        session: AsyncSession, _: Renderer, __: Tenant
    ) -> tuple[dict[str, int], list[NoticeView]]:
        rows = service.listed([State(state)] if state else [])
        found = await session.scalars(rows.order_by(Notice.id.desc()).limit(MOST))
        return await service.counts(session), [NoticeView.of(row) for row in found]

    counts, found = at(data, branch, look)
    if as_json:
        show_json({"counts": counts, "items": msgspec.to_builtins(found)})
        return
    click.echo("  ".join(f"{name} {count}" for name, count in counts.items()))
    click.echo("\n".join(map(line, found)) or "There are none.")
    if any(one.reason == "no_mail_server" for one in found):
        click.echo("Notices by e-mail wait: the worker has no mail server (PINAKES_SMTP_HOST).")


@notices.command()
@branch_option
@notice_argument
@data_option
def show(branch: str, notice: UUID, data: Path) -> None:
    """Show one notice in its words."""

    async def look(
        session: AsyncSession, render: Renderer, _: Tenant
    ) -> tuple[NoticeView, Wording]:
        row = await service.found(session, notice)
        words = (await render.render(session, row))[1]
        return NoticeView.of(row), words

    found, words = at(data, branch, look)
    click.echo(f"{line(found)}\n\n{words.subject}\n\n{words.body}")


@notices.command()
@branch_option
@notice_argument
@data_option
def retry(branch: str, notice: UUID, data: Path) -> None:
    """Send a failed or unsure notice again; of an unsure one the reader may have two then."""
    moved(data, branch, notice, Action.RETRY)


@notices.command()
@branch_option
@notice_argument
@data_option
def dismiss(branch: str, notice: UUID, data: Path) -> None:
    """Have done with a notice that has not gone."""
    moved(data, branch, notice, Action.DISMISS)


@notices.command()
@branch_option
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True)
@data_option
def preview(branch: str, kind: str, language: str, data: Path) -> None:
    """Show what a reader would get, with sample titles; words are the setting `notice.KIND`."""

    async def look(session: AsyncSession, render: Renderer, here: Tenant) -> Wording:
        return await render.preview(session, here, kind, language)

    words = at(data, branch, look)
    click.echo(f"{words.subject}\n\n{words.body}")


def moved(data: Path, branch: str, notice: UUID, action: Action) -> None:
    async def act(session: AsyncSession, _: Renderer, __: Tenant) -> NoticeView:
        return NoticeView.of(await service.act(session, notice, action))

    click.echo(line(at(data, branch, act)))


def at[T](data: Path, branch: str, act: Act[T]) -> T:
    """Act inside one branch of what runs on *data*."""

    async def inside(doors: Doors) -> T:
        directory = Directory()
        await directory.refresh(doors.database.app)
        here = directory.coded(branch)
        async with unit_of_work(doors.database.app, here.id, OPERATOR, closed_too=True) as session:
            return await act(session, Renderer(directory, settings().address), here)

    return work(data, inside)


def line(one: NoticeView) -> str:
    """A notice in one line: which, what, by which way, where it stands, and why."""
    told = (one.id, one.kind, one.channel, one.state, one.reason or "", f"{one.tries} tries")
    return "  ".join(map(str, told))
