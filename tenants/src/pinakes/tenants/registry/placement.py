"""Where the files of a branch lie: a bucket of its own."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import uuid7
from pinakes.platform.errors import Conflict
from pinakes.platform.objects import Objects, Store
from pinakes.platform.placement import Placement
from pinakes.tenants.registry.models import Placed


class NotPlaced(Conflict):
    code = "branch_not_placed"
    title = "This branch has no place for files yet"


def first_placement(code: str) -> Placement:
    """The bucket that a new branch gets in the deployment's own store."""
    return Placement(bucket=f"branch-{code}")


async def place(session: AsyncSession, placement: Placement) -> None:
    """Write down where the files of this tenant lie, unless they lie somewhere already."""
    row = insert(Placed).values(
        id=uuid7(),
        endpoint=placement.endpoint,
        bucket=placement.bucket,
        prefix=placement.prefix,
    )
    await session.execute(row.on_conflict_do_nothing(index_elements=["tenant_id"]))


async def store(session: AsyncSession, objects: Objects) -> Store:
    """The files of the tenant that the session is in, and no others; or NotPlaced."""
    row = (await session.scalars(select(Placed))).one_or_none()
    if row is None:
        raise NotPlaced("The branch is still moving in. Finish that: pinakes tenant create CODE.")
    return objects.store(Placement(row.bucket, row.prefix, row.endpoint))
