"""The one command: pinakes."""

from importlib import import_module

import click

MENU = {  # module and name, so that each is loaded only when it is called; and what it does
    "up": ("pinakes.main.up:up", "Run everything here, with one command."),
    "migrate": ("pinakes.main.migrations.commands:migrate", "Bring a database to this version."),
    "doctor": ("pinakes.main.doctor:doctor", "Say how every part is doing."),
    "tenant": ("pinakes.tenants.registry.cli:tenant", "Let branches move in and leave."),
    "readers": ("pinakes.tenants.readers.cli:readers", "Bring readers and their cards."),
    "catalogue": ("pinakes.tenants.catalogue.cli:catalogue", "Bring a catalogue."),
    "search": ("pinakes.federation.discovery.cli:search", "Look after the search index."),
    "ledger": ("pinakes.federation.ledger.cli:ledger", "Check the ledger, and cosign it."),
    "token": ("pinakes.main.token:token", "Log in here, for use with curl."),
    "messages": ("pinakes.main.messages:messages", "Look after messages between branches."),
    "cells": ("pinakes.federation.abroad.cli:cells", "Look after other cells."),
    "errors": ("pinakes.main.codes:errors", "List every error code."),
    "lending": ("pinakes.federation.lending.cli:lending", "Look after lending between branches."),
    "notices": ("pinakes.federation.notices.cli:notices", "Look after notices to readers."),
    "demo": ("pinakes.main.demo.commands:demo", "Make things to try with."),
    "bench": ("pinakes.main.bench.commands:bench", "Measure, and compare with a floor."),
    "torture": ("pinakes.main.torture.commands:command", "Kill every part at named places."),
    "test": ("pinakes.main.checks:test", "Run all checks and tests of this checkout."),
}


class Menu(click.Group):
    """A group whose commands are imported only when somebody asks for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MENU)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MENU:
            return None
        module, name = MENU[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in MENU.items()])


@click.group(cls=Menu)
@click.version_option(package_name="pinakes")
def main() -> None:
    """Run and look after the library federation."""
