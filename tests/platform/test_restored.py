"""A branch that was set back hears again what it has forgotten, once, and goes on counting."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
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
from pinakes.platform.restored import let_go, plan, replay

pytestmark = pytest.mark.anyio


class BellRang(Event, frozen=True):
    bell: str


async def write(session: AsyncSession, event: BellRang, message: Message) -> None:
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
    async with unit_of_work(database.app, sender.id) as session:
        emit(session, BellRang(about=about or uuid4(), bell=bell), to=to.id)
    await carry(database, LISTENERS)


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
    async with public_work(database.carrier) as session:
        waits = select(func.count()).select_from(Outbox).where(Outbox.state != "sent")
        ours = waits.where(Outbox.tenant_id.in_([tenant.id, neighbour.id]))
        assert await session.scalar(ours) == 0
