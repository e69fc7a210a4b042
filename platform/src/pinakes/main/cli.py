"""The one command: pinakes."""

from importlib import import_module

import click

LAZY = {  # commands of the roof: module and name, so that each is loaded when it is called
    "up": "pinakes.main.up:up",
    "doctor": "pinakes.main.doctor:doctor",
    "test": "pinakes.main.checks:test",
    "demo": "pinakes.main.demo.commands:demo",
    "token": "pinakes.main.token:token",
    "tenant": "pinakes.tenants.registry.cli:tenant",
    "catalogue": "pinakes.tenants.catalogue.cli:catalogue",
    "readers": "pinakes.tenants.readers.cli:readers",
    "messages": "pinakes.main.messages:messages",
    "errors": "pinakes.main.problems:errors",
    "bench": "pinakes.main.bench.commands:bench",
}


class Menu(click.Group):
    """A group whose commands are imported only when somebody asks for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(LAZY)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in LAZY:
            return None
        module, name = LAZY[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Menu)
@click.version_option(package_name="pinakes")
def main() -> None:
    """Run and look after the library federation."""
