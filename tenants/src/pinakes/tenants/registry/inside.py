"""Commands about one branch: done beside what runs, in one transaction of that branch."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.command import OPERATOR, work
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.tenants.registry.service import found


def inside[T](data: Path, branch: str, act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """What *act* gives inside the *branch*; a problem ends the command with its code."""

    async def acted(doors: Doors) -> T:
        tenant = (await found(doors.database, branch)).id
        async with unit_of_work(doors.database.app, tenant, OPERATOR) as session:
            return await act(session)

    return work(data, acted)
