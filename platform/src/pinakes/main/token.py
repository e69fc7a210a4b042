"""``pinakes token``: log in without a browser, for use with curl."""

import asyncio
import os
from pathlib import Path

import click

from pinakes.main.demo.kept import FILE, kept
from pinakes.platform.admin import NoSuchAccount, WrongCredentials, organization
from pinakes.platform.config import settings
from pinakes.platform.directory import NoSuchTenant
from pinakes.platform.errors import Problem
from pinakes.platform.identity import READERS, STAFF
from pinakes.platform.login import Accounts
from pinakes.platform.running import NotRunning, adopt, data_option


@click.group()
def token() -> None:
    """Print an access token: curl -H "Authorization: Bearer $(./pinakes token …)"."""


@token.command()
@click.argument("card")
@click.option("--pin", envvar="READER_PIN", help="Else that of the sample consortium.")
@data_option
def reader(data: Path, card: str, pin: str | None) -> None:
    """A token of the reader with CARD (or CARD@HOME, where two branches gave the number out)."""
    click.echo(log_in(data, READERS, card, pin or of_sample(data, "pin")))


@token.command()
@click.argument("name")
@click.option("--at", "branch", help="Code of the branch where NAME works.")
@click.option("--password", envvar="STAFF_PASSWORD", help="Else that of the sample consortium.")
@data_option
def staff(data: Path, name: str, branch: str | None, password: str | None) -> None:
    """A token of somebody who works at a branch, or of an operator."""
    login = f"{name}@{branch}" if branch else name
    click.echo(log_in(data, STAFF, login, password or of_sample(data, "password"), branch))


def of_sample(data: Path, what: str) -> str:
    """The secret that all accounts of the sample consortium share."""
    if not (data / FILE).exists():
        raise click.ClickException(f"Say the {what}: no sample consortium stands in {data}.")
    return str(kept(data)[what])


def log_in(data: Path, realm: str, name: str, secret: str, branch: str | None = None) -> str:
    """An access token from the issuer that we are told of, or of what runs on *data*."""

    async def ask(issuer: str, ours: str) -> str:
        async with Accounts(issuer, ours) as accounts:
            try:
                tokens = await accounts.direct_token(realm, name, secret)
            except WrongCredentials:
                if branch and ours:
                    await stands(accounts, branch)
                raise
        return str(tokens["access_token"])

    try:
        return asyncio.run(ask(*issuer_of(data)))
    except NotRunning as reason:
        raise click.ClickException(str(reason)) from None
    except Problem as problem:
        raise click.ClickException(f"{problem.code}: {problem.detail}") from None


async def stands(accounts: Accounts, branch: str) -> None:
    """Nothing if the issuer knows the branch, or NoSuchTenant."""
    try:
        async with accounts.realms[STAFF].open() as api:
            await organization(api, branch)
    except NoSuchAccount:
        raise NoSuchTenant(f"No branch has the code {branch}.") from None


def issuer_of(data: Path) -> tuple[str, str]:
    """The issuer, and our secret there if we have one: told us, or of what runs on *data*."""
    told = os.environ.get("PINAKES_ISSUER")
    if told:
        return told, os.environ.get("PINAKES_ISSUER_SECRET", "")
    adopt(data)
    return settings().issuer, settings().issuer_secret.get_secret_value()
