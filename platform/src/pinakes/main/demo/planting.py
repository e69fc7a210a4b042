"""Fills in the sample consortium; what is there already stays as it is."""

import asyncio
from pathlib import Path
from typing import Any

from pinakes.main.demo import library
from pinakes.main.demo.books import BOOKS, bring_books
from pinakes.main.demo.kept import keep, kept
from pinakes.main.demo.marc import records
from pinakes.main.demo.people import card, hire, register
from pinakes.platform.config import settings
from pinakes.platform.db import public_work
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal, Role
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.onboarding import onboard
from pinakes.tenants.registry.service import found, listed

GARDENER = Principal("demo", roles=frozenset({Role.OPERATOR}))


async def plant(data: Path) -> list[str]:
    """Branches, staff, readers, books; once. Lines that say who may log in."""
    told = kept(data)
    async with Doors.open(settings()) as doors:
        if not (told["planted"] and await stands(doors)):
            await grow(doors, told)
            keep(data, told | {"planted": True})
        return await welcome(doors, told, hint(data))


def hint(data: Path) -> str:
    """What to add to a command so that it finds this folder."""
    return "" if data.resolve() == Path(".pinakes").resolve() else f" --data {data}"


async def stands(doors: Doors) -> bool:
    """Whether the database has all branches: the folder of keys may outlive it."""
    async with public_work(doors.database.app) as session:
        there = {branch.code for branch in await listed(session)}
    return there >= {place.code for place in library.PLACES}


async def grow(doors: Doors, told: dict[str, Any]) -> None:
    """Let all branches move in, parents first; each fills while the next ones come."""
    books = list(records(BOOKS))
    async with asyncio.TaskGroup() as group:
        for kind in Kind:
            for number, place in enumerate(library.PLACES):
                if place.kind == kind:  # one by one: a branch's number stands in its cards
                    await onboard(doors, GARDENER, place.wish())
                    group.create_task(fill(doors, told, number, books))
        await doors.accounts.ensure_staff("operator", "hub", ["operator@*"], told["password"])


async def fill(doors: Doors, told: dict[str, Any], number: int, books: list[bytes]) -> None:
    """Everything that a branch of the sample has: its books, staff and readers."""
    place = library.PLACES[number]
    async with asyncio.TaskGroup() as group:
        if place.books:
            marc = b"".join(books[place.books])
            group.create_task(bring_books(doors, GARDENER, place.code, marc))
        group.create_task(hire(doors, GARDENER, place.code, told["password"]))
        readers = library.readers_of(number)
        group.create_task(register(doors, GARDENER, place.code, readers, told["pin"]))


async def welcome(doors: Doors, told: dict[str, Any], here: str) -> list[str]:
    """Who may log in, and what to try."""
    first, second = [
        (card((await found(doors.database, code)).id, 1), code) for code in library.GIVEN_OUT_BY
    ]
    staff = ", ".join(name for name, _ in library.STAFF)
    return [
        f"A sample consortium of {len(library.PLACES)} branches, from hub down to"
        f" {library.PLACES[-1].code}.",
        f"  staff         {staff} of every branch: desk@{first[1]} …, and operator;"
        f" password {told['password']}",
        f"  readers       three of every branch: card {first[0]} of {first[1]},"
        f" {second[0]} of {second[1]} …; PIN {told['pin']}",
        f"  old card      {library.OLD_BARCODE}, from before: both {first[1]} and {second[1]} have"
        " given it to a reader",
        "Try next:",
        f"  a token for curl: ./pinakes token reader {first[0]}{here}",
        f"                    ./pinakes token staff desk --at {second[1]}{here}",
    ]
