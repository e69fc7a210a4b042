"""Cosigners: branches that check the log by themselves, with keys that the cell never holds."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.ledger.checking import cosigner
from pinakes.federation.ledger.keys import Announcement
from pinakes.federation.ledger.models import Cosignature, Cosigner, Head
from pinakes.federation.ledger.notes import Checkpoint, opened
from pinakes.platform.clock import now
from pinakes.platform.directory import Tenant
from pinakes.platform.errors import BadRequest, Conflict

SLACK = 60  # seconds that a cosigner's clock may be ahead


class KeyTaken(Conflict):
    code = "cosigner_key_taken"
    title = "This key is already somebody's"


class NoCosigner(Conflict):
    code = "no_cosigner_key"
    title = "The branch has no key to cosign with"


class CosignatureRefused(BadRequest):
    code = "cosignature_refused"
    title = "This is no cosignature of that head"


async def register(
    public: AsyncSession, branch: Tenant, key: bytes, chain: Sequence[Announcement]
) -> None:
    """Make *key* the one with which the branch cosigns; what it signed before stays signed."""
    taken = await public.scalar(select(Cosigner.tenant_id).where(Cosigner.key == key))
    if any(one.public == key for one in chain) or taken not in {None, branch.id}:
        raise KeyTaken("A cosigner needs a key of its own, kept outside: make one with keygen.")
    row = insert(Cosigner).values(tenant_id=branch.id, key=key, since=now())
    change = {"key": row.excluded.key, "since": row.excluded.since}
    await public.execute(row.on_conflict_do_update(index_elements=["tenant_id"], set_=change))


async def cosign(public: AsyncSession, branch: Tenant, head: Head, line: str) -> None:
    """Keep the branch's signature under *head*, if it holds."""
    row = await public.get(Cosigner, branch.id)
    if row is None:
        raise NoCosigner("Register the public key first: PUT …/ledger/cosigner.")
    text, _ = opened(head.note)
    signer = cosigner(Checkpoint.read(text).origin, branch.code, row.key)
    time = signer.signature_time(text, line)
    if time is None or not line.endswith("\n") or time > now().timestamp() + SLACK:
        raise CosignatureRefused(
            "It does not hold for this head and the registered key, or is of a time to come."
        )
    mine = insert(Cosignature).values(size=head.size, tenant_id=branch.id, key=row.key, line=line)
    again = {"key": mine.excluded.key, "line": mine.excluded.line}
    await public.execute(
        mine.on_conflict_do_update(index_elements=["size", "tenant_id"], set_=again)
    )
