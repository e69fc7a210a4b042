"""Lets branches move in, each in a child that kills itself (-9) on the way: CODE:STEP:PART …"""

import asyncio
import os
import signal
import sys
from importlib import import_module

from pinakes.platform.config import settings
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal, Role
from pinakes.tenants.registry.machine import Kind
from pinakes.tenants.registry.onboarding import onboard
from pinakes.tenants.registry.schemas import NewBranch

OPERATOR = Principal("tests", roles=frozenset({Role.OPERATOR}))


async def move_in(code: str, step: str, part: str) -> None:
    def die(at: str, done: bool) -> None:
        if (at, done) == (step, part == "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    wish = NewBranch(code=code, kind=Kind.HUB, consortium=code, name_en=code.title())
    async with Doors.open(settings()) as doors:
        await onboard(doors, OPERATOR, wish, die)


def crash(point: str) -> bool:
    """Whether the child was killed as it was meant to be."""
    child = os.fork()
    if not child:
        asyncio.run(move_in(*point.split(":")))
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


for library in ("keycloak", "boto3"):
    import_module(library)  # once, and not in every child
sys.exit(0 if all(crash(point) for point in sys.argv[1:]) else 1)
