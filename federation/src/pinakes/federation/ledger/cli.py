"""The ledger from the command line: check it, cosign it, change its key."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pinakes.federation.ledger import keys, verifying
from pinakes.federation.ledger.checking import Memory, Verdict
from pinakes.federation.ledger.keys import NoSuchKey
from pinakes.federation.ledger.notes import public_of
from pinakes.federation.ledger.sequencer import rotate as rotate_key
from pinakes.federation.ledger.sources import Afar, Beside, NotTold
from pinakes.federation.ledger.verifying import LogRefused
from pinakes.platform.command import json_option, show_json, work
from pinakes.platform.config import settings
from pinakes.platform.db import engine
from pinakes.platform.directory import Directory
from pinakes.platform.doors import Doors
from pinakes.platform.running import NotRunning, data_option, running
from pinakes.platform.words import counted

FILE = click.Path(path_type=Path, dir_okay=False)
remember_option = click.option(
    "--remember", type=FILE, help="Keeps the last head that held, and compares with it."
)
address_option = click.option("--address", help="URL of the API; else of what runs on --data.")
token_option = click.option("--token", envvar="STAFF_TOKEN", help="Of the branch's administrator.")


@click.group()
def ledger() -> None:
    """Check the ledger, and sign what you have checked."""


@ledger.command()
@click.option("--at", "branch", help="Check the events of this branch, too; else of all of them.")
@remember_option
@address_option
@token_option
@data_option
@json_option
def verify(
    data: Path,
    branch: str | None,
    remember: Path | None,
    address: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Recompute the whole log; ends with 1 and says what is wrong if anything is.

    It works beside the database, where it looks into the audit log as well, or with --address over
    HTTP from anywhere: then with --at and --token it checks that branch's events, else the log
    alone.
    """
    memory = recall(remember)
    if address is None:

        async def beside(doors: Doors) -> Verdict:
            source = await Beside.open(doors.database)
            known(source.directory, branch)
            return await verifying.verify(source, branch, memory)

        verdict = work(data, beside)
    else:
        verdict = call(address, token, lambda afar: verifying.verify(afar, branch, memory))
    if verdict.memory and remember:
        keep(remember, verdict.memory)
    tell(verdict, memory, as_json=as_json)


def tell(verdict: Verdict, memory: Memory | None, *, as_json: bool) -> None:
    """Say how it went; the exit code says so too."""
    head = verdict.head
    if as_json:
        told = {"holds": not verdict.wrong, "wrong": list(verdict.wrong)}
        show_json(told | {"origin": head.origin, "size": head.size, "root": head.root.hex()})
    elif verdict.memory:
        events = sum(past.count for past in verdict.memory.branches.values())
        size = counted(head.size, "leaves")
        click.echo(f"The log {head.origin} of {size} holds; own events in it: {events}.")
        click.echo("The others are those of other members, or name a key of the log.")
        if memory:
            kept = counted(memory.size, "leaves")
            click.echo(f"It goes on from the head of {kept} that you kept.")
    else:
        for one in verdict.wrong:
            click.echo(one, err=True)
    if verdict.wrong:
        sys.exit(1)


def known(directory: Directory, branch: str | None) -> None:
    if branch is not None and branch not in directory.codes:
        raise click.ClickException(f"no_such_branch: {branch}")


@ledger.command()
@click.option("--at", "branch", required=True, help="The branch whose signature it is.")
@click.option("--key", type=FILE, required=True, help="Private key, from `pinakes ledger keygen`.")
@click.option("--remember", type=FILE, required=True, help="Keeps the last head that was signed.")
@address_option
@token_option
@data_option
def cosign(
    data: Path, branch: str, key: Path, remember: Path, address: str | None, token: str | None
) -> None:
    """Check that the log only grew since the last time, and sign its newest head.

    The key stays here; its public half is registered for the branch.
    """
    memory, private = recall(remember), loaded(key)

    async def signed(afar: Afar) -> None:
        view, now_known = await verifying.look(afar, memory)
        keep(remember, now_known)  # before signing: never two histories with our name under them
        done = await verifying.send_cosignature(afar, branch, private, view)
        click.echo(f"Signed the head of {counted(done.size, 'leaves')}, root {done.root}.")

    call(address or address_of(data), token, signed)


@ledger.command()
@click.argument("file", type=FILE)
def keygen(file: Path) -> None:
    """Make a private key in FILE (0600), to cosign with; keep it outside."""
    try:
        click.echo(f"{file}: public key {public_of(keys.make(file)).hex()}")
    except FileExistsError:
        raise click.ClickException(f"{file} exists; it is left as it is") from None


@ledger.command()
@data_option
def rotate(data: Path) -> None:
    """Give the log a new key, which the old one names in a leaf."""

    async def change(_: Doors) -> keys.Announcement:
        told = settings()
        if told.ledger is None:
            raise NoSuchKey("PINAKES_LEDGER is not set: this is for the worker's machine")
        role = engine(told.ledger.get_secret_value(), size=1)
        try:
            return await rotate_key(role, told.ledger_key)
        finally:
            await role.dispose()

    try:
        announced = work(data, change)
    except NoSuchKey as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"From leaf {announced.index} on the log signs with {announced.key}.")


def call[T](address: str, token: str | None, act: Callable[[Afar], Awaitable[T]]) -> T:
    """Act over HTTP; problems are told in words."""

    async def opened() -> T:
        async with Afar.open(address, token) as afar:
            return await act(afar)

    try:
        return asyncio.run(opened())
    except LogRefused as refused:
        for one in refused.wrong:
            click.echo(one, err=True)
        sys.exit(1)
    except NotTold as error:
        raise click.ClickException(str(error)) from None
    except httpx.HTTPError as error:
        raise click.ClickException(f"{address}: {error or type(error).__name__}") from None


def address_of(data: Path) -> str:
    try:
        return str(running(data)["settings"]["PINAKES_ADDRESS"])
    except NotRunning as reason:
        raise click.ClickException(str(reason)) from None


def loaded(key: Path) -> Ed25519PrivateKey:
    try:
        return keys.load(key)
    except NoSuchKey as error:
        raise click.ClickException(str(error)) from None


def recall(file: Path | None) -> Memory | None:
    """What was kept, if anything."""
    if file is None or not file.exists():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=Memory)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{file} is not what was written there: {error}") from None


def keep(file: Path, memory: Memory) -> None:
    """All of it or nothing."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(memory)))
    fresh.replace(file)
