"""Sending: each notice is written down as under way before its first word leaves.

A crash between sending and recording leaves it so; whoever finds it makes it unsure, and from
there only a person sends it again. The queue holds ids alone; its lease tells who has crashed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from logging import getLogger
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.notices import letters
from pinakes.federation.notices.hooks import hook_of
from pinakes.federation.notices.machine import Action, Channel, State
from pinakes.federation.notices.models import Notice, NoticeDue
from pinakes.federation.notices.reaching import address_in
from pinakes.federation.notices.rendering import Renderer
from pinakes.federation.notices.service import choice_of, settle
from pinakes.federation.notices.wording import plain
from pinakes.platform import clock, outside
from pinakes.platform.db import Database, lock, public_work, unit_of_work
from pinakes.platform.mail import MailServer
from pinakes.platform.retry import pause
from pinakes.platform.sending import Doubtful, Never, NotNow, Unsent
from pinakes.tenants.readers import cards
from pinakes.tenants.readers.machine import CardState
from pinakes.tenants.readers.machine import State as Membership
from pinakes.tenants.readers.service import of_person
from pinakes.tenants.registry.settings import effective

LEASE = timedelta(minutes=5)  # no way of sending takes longer
NO_SERVER = timedelta(minutes=30)
STALE = timedelta(days=7)  # what has waited longer is no news
TRIES = 10
FIRST, LONGEST = 300.0, 21_600.0  # seconds: the longest first pause, and the longest of all
BATCH = 4  # sent side by side
SLOW = frozenset({"http_no_answer", "http_connection", "name_unknown"})  # whoever is called
REST = timedelta(minutes=2)  # in which such a webhook keeps nobody else waiting
GRACE = 25.0  # seconds in which a worker that ends still waits for what is under way

CLAIM = text("""
    -- materialized: a plan that asked the inner query once per row would claim several
    WITH due AS MATERIALIZED (
        SELECT tenant_id, id FROM notice_due
        WHERE channel = :channel AND due_at <= clock_timestamp()
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)
    UPDATE notice_due AS q SET due_at = clock_timestamp() + :lease FROM due
    WHERE q.tenant_id = due.tenant_id AND q.id = due.id
    RETURNING q.tenant_id, q.id
""")

PUT_OFF = text("""
    UPDATE notice_due SET due_at = clock_timestamp() + :rest
    WHERE tenant_id = pinakes_tenant() AND id IN (
        SELECT id FROM notice_due
        WHERE tenant_id = pinakes_tenant() AND channel = :channel AND due_at <= clock_timestamp()
        FOR UPDATE SKIP LOCKED)
""")

log = getLogger(__name__)

type Go = Callable[[], Awaitable[None]]  # sends it; raises Unsent


@dataclass(frozen=True, slots=True)
class Ready:
    """A notice written down as under way, and how it is sent."""

    tenant: int
    id: UUID
    version: int
    tries: int
    go: Go


@dataclass(frozen=True, slots=True)
class Courier:
    """Takes notices from all branches to their readers."""

    database: Database
    render: Renderer
    server: MailServer | None
    inside: bool = False  # webhooks may call private networks

    async def round(self, channel: Channel) -> int:
        """Send one batch of what is due; how many those were."""
        told = {"channel": channel, "most": BATCH, "lease": LEASE}
        async with public_work(self.database.carrier) as session:
            due = [(row.tenant_id, row.id) for row in await session.execute(CLAIM, told)]
        if due:
            await self.render.directory.refresh(self.database.app)
        await asyncio.gather(*(self.take(tenant, id) for tenant, id in due))
        return len(due)

    async def take(self, tenant: int, id: UUID) -> None:
        """Send one notice; a fault of ours holds up no other, and is told without its words."""
        try:
            ready = await self.begin(tenant, id)
            if ready is not None:
                await finished(self.deliver(ready))
        except Exception as error:
            log.error("notice %s failed: %s", id, type(error).__name__)

    async def begin(self, tenant: int, id: UUID) -> Ready | None:
        """Write it down as under way; None when there is nothing to send."""
        async with unit_of_work(self.database.app, tenant, closed_too=True) as session:
            row = await lock(session, Notice, id)
            if row is None or row.state not in {State.WAITING, State.SENDING}:
                await session.execute(delete(NoticeDue).where(NoticeDue.id == id))
                return None
            if row.state is State.SENDING:
                await settle(session, row, Action.DOUBT, "interrupted")
                return None
            try:
                go = await self.prepared(session, row)
            except NotNow as reason:
                await settle(session, row, Action.PUT_OFF, reason.reason, NO_SERVER)
                return None
            except Unsent as reason:
                await settle(session, row, Action.GIVE_UP, reason.reason)
                return None
            await settle(session, row, Action.BEGIN)
            row.tries += 1
            return Ready(tenant, id, row.version, row.tries, go)

    async def deliver(self, ready: Ready) -> None:
        """Send it, and write down what became of it."""
        try:
            await ready.go()
        except NotNow as failure:
            again = ready.tries < TRIES
            action = Action.PUT_OFF if again else Action.GIVE_UP
            await self.record(ready, action, failure.reason)
        except Never as failure:
            await self.record(ready, Action.GIVE_UP, failure.reason)
        except Doubtful as failure:
            await self.record(ready, Action.DOUBT, failure.reason)
        else:
            await self.record(ready, Action.DELIVER)

    async def record(self, ready: Ready, action: Action, reason: str | None = None) -> None:
        """Write down what became of it, unless somebody has decided otherwise meanwhile."""
        after = timedelta(seconds=pause(ready.tries - 1, base=FIRST, cap=LONGEST))
        async with unit_of_work(self.database.app, ready.tenant, closed_too=True) as session:
            row = await lock(session, Notice, ready.id)
            if row is None:
                return
            late = row.state is State.UNSURE and row.version == ready.version + 1
            if row.version == ready.version or (late and action is Action.DELIVER):
                await settle(session, row, action, reason, after)
            if row.channel is Channel.WEBHOOK and reason in SLOW:
                told = {"channel": row.channel, "rest": REST}
                await session.execute(PUT_OFF, told)

    async def prepared(self, session: AsyncSession, row: Notice) -> Go:
        """How this notice is sent, or Unsent: to whom no word can go, or about what is past."""
        if row.since < clock.now() - STALE:
            raise Never("too_old")
        reader = await of_person(session, row.person_id)
        if reader is None or reader.state is Membership.LEFT:
            raise Never("reader_left")
        if not (await choice_of(session, row.person_id)).wanted:
            raise Never("not_wanted")
        if row.channel is Channel.WEBHOOK:
            return await self.called(session, row)
        return await self.mailed(session, row, address_in(reader.contact))

    async def mailed(self, session: AsyncSession, row: Notice, to: str | None) -> Go:
        """By e-mail."""
        if to is None:
            raise Never("no_address")
        server = self.server
        if server is None:
            raise NotNow("no_mail_server")
        language, words = await self.render.render(session, row)
        message = letters.email(
            row.id,
            words,
            language=language,
            sender=server.sender,
            name=plain(self.render.directory.ids[row.tenant_id].name(language)),
            to=to,
            reply_to=(await effective(session, row.tenant_id, "notice.reply_to")).value,
            at=clock.now(),
        )
        return lambda: server.send(message, to)

    async def called(self, session: AsyncSession, row: Notice) -> Go:
        """By the branch's webhook."""
        hook = await hook_of(session)
        if hook is None:
            raise Never("no_webhook")
        language, words = await self.render.render(session, row)
        held = await cards.of_person(session, row.person_id)
        ours = [card.number for card in held if card.tenant_id == row.tenant_id
                and card.state is CardState.ACTIVE]  # fmt: skip
        told = letters.Told(
            id=row.id,
            kind=row.kind,
            branch=self.render.directory.ids[row.tenant_id].code,
            language=language,
            card=ours[-1] if ours else None,
            subject=words.subject,
            text=words.body,
        )
        call = letters.call(told, hook.secret, clock.now())
        return lambda: outside.post(hook.address, call.body, call.headers, inside=self.inside)


async def finished(work: Awaitable[None]) -> None:
    """Wait for *work*; when we are told to end, what is under way is still written down."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=GRACE)
        raise
