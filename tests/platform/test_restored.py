"""A branch that was set back hears again what it has forgotten, once, and goes on counting."""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from conftest import MakeTenant
from restoring import Backup, backup
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.main.embedded.postgres import Postgres
from pinakes.platform.audit import Audit, note
from pinakes.platform.carrier import Listeners, carry, sweep
from pinakes.platform.clock import now
from pinakes.platform.command import OPERATOR
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.messages import Event, Inbox, Message, Outbox, emit
from pinakes.platform.restored import ReplayRefused, let_go, plan, replay

pytestmark = pytest.mark.anyio


class BellRang(Event, frozen=True):
    bell: str


class Muffled(Exception):
    pass


async def write(session: AsyncSession, event: BellRang, message: Message) -> None:
    if event.bell == "muffled":
        raise Muffled
    note(session, "bell.rang", event.bell)


LISTENERS: Listeners = {"BellRang": (BellRang, [write])}


@pytest.fixture(autouse=True)
async def nothing_waits(database: Database) -> None:
    while await carry(database, {}):
        pass


async def ring(
    database: Database, sender: Tenant, to: Tenant, bell: str, about: UUID | None = None
) -> None:
    """Said, and heard."""
    await say(database, sender, to, bell, about)
    await carry(database, LISTENERS)


async def say(
    database: Database, sender: Tenant, to: Tenant, bell: str, about: UUID | None = None
) -> None:
    async with unit_of_work(database.app, sender.id) as session:
        emit(session, BellRang(about=about or uuid4(), bell=bell), to=to.id)


async def heard(database: Database, tenant: Tenant) -> list[str | None]:
    async with unit_of_work(database.app, tenant.id) as session:
        rang = select(Audit.subject).where(Audit.operation == "bell.rang")
        return list(await session.scalars(rang.order_by(Audit.created_at, Audit.id)))


async def saved(postgres: Postgres, database: Database, tenant: Tenant) -> Backup:
    await sweep(database)  # the watermark stands where it can stand
    return await backup(postgres, tenant)


async def test_it_hears_again_what_it_has_forgotten_and_nothing_else(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    await ring(database, neighbour, tenant, "known")
    copy = await saved(postgres, database, tenant)
    for bell in ("one", "two"):
        await ring(database, neighbour, tenant, bell)
    await copy.restore()
    [told] = (await plan(database, tenant)).again
    assert (told.sender, told.again, told.gone) == (neighbour.id, 2, 0)
    await carry(database, LISTENERS)
    assert await heard(database, tenant) == ["known"], "a plan changes nothing"
    for again in (2, 0):
        done = await replay(database, tenant, asker=OPERATOR)
        assert sum(one.again for one in done.again) == again
        await carry(database, LISTENERS)
        assert await heard(database, tenant) == ["known", "one", "two"]


async def test_what_is_done_stands_in_both_audit_logs(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    copy = await saved(postgres, database, tenant)
    await ring(database, neighbour, tenant, "one")
    await copy.restore()
    await replay(database, tenant, asker=OPERATOR)
    for at, operation, result in (
        (neighbour, "messages.replay", "1 again, 0 gone"),
        (tenant, "messages.restored", "1 again, 0 gone, 0 receivers counted on"),
    ):
        async with unit_of_work(database.app, at.id) as session:
            rows = await session.scalars(select(Audit).where(Audit.operation == operation))
            [row] = rows.all()
        assert (row.actor, row.subject, row.result) == (OPERATOR.subject, tenant.code, result)


async def test_what_is_no_longer_kept_is_counted_and_waited_for_no_more(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    copy = await saved(postgres, database, tenant)
    for bell in ("gone", "gone, too", "kept"):
        await ring(database, neighbour, tenant, bell)
    await copy.restore()
    async with public_work(database.carrier) as session:
        old = update(Outbox).where(Outbox.tenant_id == neighbour.id)
        long_ago = now() - timedelta(days=31)
        await session.execute(old.where(Outbox.seq < 3).values(sent_at=long_ago))
    await sweep(database)
    [told] = (await replay(database, tenant)).again
    assert (told.again, told.gone) == (1, 2)
    await carry(database, LISTENERS)
    assert await heard(database, tenant) == ["kept"]
    await sweep(database)
    async with unit_of_work(database.app, tenant.id) as session:
        assert await session.scalar(select(Inbox.upto).where(Inbox.sender == neighbour.id)) == 3
    assert (await plan(database, tenant)).again == []


async def test_a_restored_sender_counts_on_above_what_others_have_heard(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    await ring(database, tenant, neighbour, "known")
    copy = await saved(postgres, database, tenant)
    for bell in ("forgotten", "forgotten, too"):
        await ring(database, tenant, neighbour, bell)
    await copy.restore()
    [turned] = (await plan(database, tenant)).turned
    assert (turned.receiver, turned.last, turned.applied) == (neighbour.id, 1, 3)
    await replay(database, tenant)
    await ring(database, tenant, neighbour, "new")
    assert await heard(database, neighbour) == ["known", "forgotten", "forgotten, too", "new"]
    assert (await plan(database, tenant)).turned == []


async def test_what_waited_in_the_backup_and_went_out_since_is_heard_once(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    await ring(database, tenant, neighbour, "known")
    for bell in ("waits", "waits, too"):
        await say(database, tenant, neighbour, bell)
    copy = await saved(postgres, database, tenant)
    await ring(database, tenant, neighbour, "forgotten")
    await sweep(database)
    await copy.restore()
    await say(database, tenant, neighbour, "new")
    [turned] = (await plan(database, tenant)).turned
    assert (turned.last, turned.applied) == (1, 4)
    assert (turned.forgotten, turned.heard, turned.missed, turned.unsure) == (1, 2, 0, 0)
    await replay(database, tenant)
    assert (await plan(database, tenant)).turned == []
    await carry(database, LISTENERS)
    told = ["known", "waits", "waits, too", "forgotten", "new"]
    assert await heard(database, neighbour) == told
    assert await unsent(database, tenant) == 0


async def test_what_may_be_heard_twice_is_told(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    await say(database, tenant, neighbour, "waits")
    copy = await saved(postgres, database, tenant)
    await carry(database, LISTENERS)  # and the worker stops before its watermark moves
    await copy.restore()
    [turned] = (await plan(database, tenant)).turned
    assert (turned.heard, turned.unsure) == (0, 1)
    await replay(database, tenant)
    await carry(database, LISTENERS)
    assert await heard(database, neighbour) == ["waits", "waits"], "rather than what is new never"


async def test_what_never_arrived_and_is_forgotten_is_waited_for_no_more(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    await ring(database, tenant, neighbour, "known")
    copy = await saved(postgres, database, tenant)
    for bell in ("muffled", "forgotten"):
        await ring(database, tenant, neighbour, bell)
    await copy.restore()
    [turned] = (await replay(database, tenant, asker=OPERATOR)).turned
    assert (turned.applied, turned.forgotten, turned.missed) == (3, 1, 1)
    await ring(database, tenant, neighbour, "new")
    await sweep(database)
    async with unit_of_work(database.app, neighbour.id) as session:
        mark = select(Inbox.upto).where(Inbox.sender == tenant.id)
        assert await session.scalar(mark) == 4
        told = select(Audit.result).where(Audit.operation == "messages.missed")
        assert await session.scalar(told) == "1 never arrived"
    assert await heard(database, neighbour) == ["known", "forgotten", "new"]


async def test_a_dead_letter_that_is_kept_is_still_waited_for(
    database: Database, postgres: Postgres, tenant: Tenant, neighbour: Tenant
) -> None:
    await ring(database, tenant, neighbour, "muffled")
    copy = await saved(postgres, database, tenant)
    await ring(database, tenant, neighbour, "forgotten")
    await copy.restore()
    [turned] = (await replay(database, tenant)).turned
    assert (turned.forgotten, turned.missed) == (1, 0)
    await sweep(database)
    async with unit_of_work(database.app, neighbour.id) as session:
        assert await session.scalar(select(Inbox.upto).where(Inbox.sender == tenant.id)) == 0


async def test_what_several_have_said_about_one_thing_comes_in_their_order(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    about, both = uuid4(), (neighbour, tenant)
    said = [f"{n}" for n in range(6)]
    for n, bell in enumerate(said):
        await ring(database, both[n % 2], neighbour, bell, about)
    await forget(database, neighbour)
    await replay(database, neighbour)
    for n in range(len(said)):
        while await carry(database, LISTENERS):
            pass
        assert await heard(database, neighbour) == said + said[: n + 1]
        await let_go(database)


async def test_what_is_said_meanwhile_waits_behind_what_is_held(
    database: Database, tenant: Tenant, neighbour: Tenant, make_tenant: MakeTenant
) -> None:
    about, both, third = uuid4(), (neighbour, tenant), await make_tenant()
    said = [f"{n}" for n in range(4)]
    for n, bell in enumerate(said):
        await ring(database, both[n % 2], neighbour, bell, about)
    await forget(database, neighbour)
    await say(database, third, neighbour, "before", about)
    await replay(database, neighbour)
    await say(database, neighbour, neighbour, "after", about)
    for _ in range(len(said) + 2):
        await let_go(database)
        while await carry(database, LISTENERS):
            pass
    assert await heard(database, neighbour) == [*said, *said, "before", "after"]


async def forget(database: Database, receiver: Tenant) -> None:
    """Its watermarks go back to the beginning, and nothing else does."""
    async with public_work(database.carrier) as session:
        for table in ("inbox", "inbox_ahead"):
            order = text(f"DELETE FROM {table} WHERE tenant_id = :id")
            await session.execute(order, {"id": receiver.id})


async def test_nobody_else_is_told_anything(
    database: Database, tenant: Tenant, neighbour: Tenant
) -> None:
    await ring(database, tenant, neighbour, "theirs")
    await forget(database, tenant)
    await replay(database, tenant)
    assert await unsent(database, tenant, neighbour) == 0


async def unsent(database: Database, *senders: Tenant) -> int | None:
    async with public_work(database.carrier) as session:
        waits = select(func.count()).select_from(Outbox).where(Outbox.state != "sent")
        ours = waits.where(Outbox.tenant_id.in_([sender.id for sender in senders]))
        return await session.scalar(ours)


async def test_a_moment_is_said_of_a_branch_of_another_cell_and_of_no_other(
    database: Database, tenant: Tenant
) -> None:
    elsewhere = msgspec.structs.replace(tenant, cell="beyond")
    for branch, since, above in (
        (tenant, now(), None),
        (elsewhere, None, None),
        (elsewhere, now(), {tenant.id: 1}),
    ):
        with pytest.raises(ReplayRefused):
            await plan(database, branch, since, above)
        with pytest.raises(ReplayRefused):
            await replay(database, branch, since, above)
