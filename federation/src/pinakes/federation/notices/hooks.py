"""A branch's webhook: its address, and the secret that signs what goes there."""

import base64
import secrets

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices.letters import PREFIX
from pinakes.federation.notices.models import Hook
from pinakes.platform.audit import note
from pinakes.platform.db import uuid7
from pinakes.platform.errors import NotFound
from pinakes.platform.outside import Place

BYTES = 32


class HookUnknown(NotFound):
    code = "notice_hook_unknown"
    title = "This branch has no webhook"


async def hook_of(session: AsyncSession) -> Hook | None:
    """The webhook of this branch."""
    return await session.scalar(select(Hook), execution_options={"populate_existing": True})


async def decide(session: AsyncSession, address: str, *, inside: bool) -> Hook:
    """Send notices to *address* from now on, signed with a new secret.

    Raises:
        AddressRefused: no notice could ever be sent there.
    """
    Place.of(address, inside=inside)
    secret = PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()
    told = {"address": address, "secret": secret, "created_at": func.now()}
    row = insert(Hook).values(id=uuid7(), **told)
    await session.execute(row.on_conflict_do_update(index_elements=["tenant_id"], set_=told))
    note(session, "notices.hook")
    hook = await hook_of(session)
    assert hook is not None  # noqa: S101  (just written)
    return hook


async def forget(session: AsyncSession) -> None:
    """Send nothing there any longer, or HookUnknown; what waits fails."""
    gone = await session.scalars(delete(Hook).returning(Hook.id))
    if gone.first() is None:
        raise HookUnknown("There is nothing to take away.")
    note(session, "notices.unhook")
