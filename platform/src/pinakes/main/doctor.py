"""``pinakes doctor``: every part by name, with its address, version, health and latency."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import asyncpg
import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pinakes.main.embedded.ask import ask
from pinakes.platform.config import Settings, settings
from pinakes.platform.mail import MailServer
from pinakes.platform.objects import objects
from pinakes.platform.running import NotRunning, adopt, data_option

PATIENCE = 3.0  # seconds
OPEN_INSIDE = "SeaweedFS"
REMARK = "by its inner ports every user of this machine can read and change what lies here"

type Look = Callable[[], str]  # the version found; raises when the part is not well


@dataclass
class Finding:
    """How one part is doing."""

    part: str
    address: str
    version: str
    ok: bool
    ms: float
    says: str = ""


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(data: Path, as_json: bool) -> None:
    """Say how every part is doing; ends with 0 only when all are well."""
    try:
        adopt(data.resolve())
    except NotRunning as reason:
        if as_json:
            click.echo(json.dumps({"ok": False, "error": str(reason), "parts": []}))
            sys.exit(1)
        raise click.ClickException(str(reason)) from None
    findings = [examine(*one) for one in parts(settings())]
    ok = all(finding.ok for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": ok, "parts": [asdict(one) for one in findings]}, indent=1))
    else:
        console = Console(soft_wrap=True)
        console.print(table(findings))
        for one in findings:
            if one.ok and one.says:
                console.print(f"{one.part}: {escape(one.says)}")
    sys.exit(0 if ok else 1)


def parts(settings: Settings) -> list[tuple[str, str, Look]]:
    """Name, address and examination of each part."""
    database = settings.database.get_secret_value()
    place = urlsplit(database)
    well_known = f"{settings.issuer}/realms/readers/.well-known/openid-configuration"
    mail = MailServer.of(settings)
    return [
        ("postgres", f"{place.hostname}:{place.port}", lambda: asyncio.run(_postgres(database))),
        ("objects", settings.objects, objects().check),
        ("issuer", settings.issuer, lambda: _http(well_known)),
        ("api", settings.address, lambda: _http(f"{settings.address}/readyz")),
        ("worker", settings.worker, lambda: _http(f"{settings.worker}/livez")),
        *([("mail", f"{mail.host}:{mail.port}", mail.check)] if mail else []),
    ]


def examine(part: str, address: str, look: Look) -> Finding:
    """Look at one part twice: the first look pays for imports, the second is timed."""
    begun = perf_counter()
    try:
        look()
        begun = perf_counter()
        found = look()
    except Exception as trouble:  # whatever ails it is what we are to tell
        return Finding(part, address, "", False, _since(begun), str(trouble) or repr(trouble))
    remark = REMARK if found.startswith(OPEN_INSIDE) else ""
    return Finding(part, address, found, True, _since(begun), remark)


def table(findings: list[Finding]) -> Table:
    """The findings for a person."""
    shown = Table("part", "address", "version", "health", "ms")
    for one in findings:
        health = "[green]well[/]" if one.ok else f"[red]not well[/]: {escape(one.says)}"
        shown.add_row(one.part, one.address, one.version, health, f"{one.ms:.1f}")
    return shown


async def _postgres(address: str) -> str:
    connection = await asyncpg.connect(address, timeout=PATIENCE)
    try:
        return str(await connection.fetchval("SHOW server_version", timeout=PATIENCE))
    finally:
        await connection.close()


def _http(address: str) -> str:
    return str(json.loads(ask(address, PATIENCE)).get("version", ""))  # the issuer tells none


def _since(begun: float) -> float:
    return round((perf_counter() - begun) * 1000, 1)
