"""The carrier's road to other cells: what is for their branches leaves as signed mail."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from logging import getLogger

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, tuple_

from pinakes.federation.abroad.sealing import Letter, Mail, seal
from pinakes.federation.ledger.keys import load
from pinakes.platform import clock, outside
from pinakes.platform.carrier import Run, carried, claim
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Directory
from pinakes.platform.identity import BRANCH_ROLES, Role
from pinakes.platform.messages import LastNumber, Message
from pinakes.platform.sending import Never, Unsent
from pinakes.tenants.registry.cells import addresses

EVERY = 1.0  # second
AT_FAULT = "http_422"  # the letter itself, and not the road to its receiver
AT_WORK = BRANCH_ROLES | {Role.OPERATOR}

log = getLogger(__name__)

type Pair = tuple[int, int]  # sender and receiver


class Undelivered(ConnectionError):
    """The other cell takes nothing at present: the letters wait, and it costs them no try."""


class NotApplied(Exception):
    """The other cell has looked at a letter, and could not act on it."""


@dataclass(frozen=True, slots=True)
class Postman:
    """Carries what one cell has for the others."""

    database: Database
    cell: str
    private: Ed25519PrivateKey
    directory: Directory
    silent: set[str] = field(default_factory=set[str])  # cells that a whole round waits for no more

    async def round(self) -> int:
        """Deliver one batch of what is due; how many messages that were."""
        self.silent.clear()
        await self.directory.refresh(self.database.app)
        if not any(tenant.cell for tenant in self.directory.ids.values()):
            return 0
        runs = await claim(self.database, abroad=True)
        lasts = await self.lasts(runs)
        async with public_work(self.database.app) as session:
            known = await addresses(session)
        return await carried(self.database, runs, lambda mail: self.send(mail, known, lasts))

    async def lasts(self, runs: Sequence[Run]) -> Mapping[Pair, int]:
        """The highest number given to each pair."""
        pairs = {(run[0].sender, run[0].receiver) for run in runs}
        pair = tuple_(LastNumber.tenant_id, LastNumber.receiver)
        async with public_work(self.database.carrier) as session:
            rows = await session.scalars(select(LastNumber).where(pair.in_(pairs)))
            return {(row.tenant_id, row.receiver): row.last for row in rows}

    async def send(
        self, runs: Sequence[Run], known: Mapping[str, str], lasts: Mapping[Pair, int]
    ) -> None:
        """Seal messages to one branch, and hand them over.

        Raises:
            Undelivered, NotApplied
        """
        to = self.directory.ids[runs[0][0].receiver].cell or self.cell
        letters = [self.letter(one, lasts[one.sender, one.receiver]) for run in runs for one in run]
        mail = Mail(cell=self.cell, to=to, at=int(clock.now().timestamp()), letters=letters)
        body, signature = seal(mail, self.private)
        headers = {"Pinakes-Signature": signature, "Content-Type": "application/json"}
        if to not in known or to in self.silent:
            raise Undelivered(f"no mail goes to the cell {to}")
        try:
            # an operator has registered the address, and cells may stand in one private network
            await outside.post(f"{known[to]}/v1/mail", body, headers, inside=True)
        except Unsent as failure:
            if not isinstance(failure, Never):
                self.silent.add(to)  # its other branches would keep mail to other cells waiting
            wrong = NotApplied if failure.reason == AT_FAULT else Undelivered
            raise wrong(f"{to}: {failure.reason}") from None

    def letter(self, message: Message, last: int) -> Letter:
        sender = self.directory.ids[message.sender]
        return Letter(
            sender=sender.code,
            receiver=self.directory.ids[message.receiver].code,
            epoch=sender.epoch,
            last=last,
            seq=message.seq,
            id=message.id,
            about=message.about,
            kind=message.kind,
            version=message.version,
            actor=named(message),
            role=message.role,
            created_at=message.created_at,
            body=message.body,
        )


def named(message: Message) -> str | None:
    """Whose wish it was, if that is somebody at work: no reader is told of beyond the cell."""
    return message.actor if message.role in AT_WORK else None


async def carry_abroad(settings: Settings, database: Database) -> None:
    """Carry every second, until cancelled; not at all where there is no other cell."""
    if settings.cell_key is None:
        return
    postman = Postman(database, settings.cell, load(settings.cell_key), Directory())
    while True:
        try:
            while await postman.round():
                pass
        except Exception:
            log.exception("mail to other cells waits")
        await asyncio.sleep(EVERY)
