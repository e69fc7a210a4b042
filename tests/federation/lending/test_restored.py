"""A party that was restored to an earlier moment hears again what it has forgotten, once."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest
from borrowing import Borrowing, edition, held
from lending import Desk, deliver
from restoring import backup
from sqlalchemy import select

from pinakes.federation.ledger.models import Event
from pinakes.federation.lending.model import Role
from pinakes.federation.lending.models import PartyRow
from pinakes.federation.lending.party import Party, agree
from pinakes.federation.lending.rows import found_of
from pinakes.main.embedded.postgres import Postgres
from pinakes.main.features import FEATURES
from pinakes.platform import restored
from pinakes.platform.carrier import carry
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.feature import listeners_of

R, S, P = Role.REQUESTER, Role.SUPPLIER, Role.PICKUP
ROUNDS = 10
STEPS = ["ship", "receive", "shelve", "lend", "return", "send_on", "home"]
pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("who", "saved", "lost"),
    [("home", 0, 3), ("home", 3, 6), ("supplier", 1, 6), ("pickup", 0, 1)],
)
async def test_a_restored_party_hears_again_what_the_others_have_said(
    borrowing: Borrowing,
    desks: dict[str, Desk],
    postgres: Postgres,
    who: str,
    saved: int,
    lost: int,
) -> None:
    b, at = borrowing, getattr(borrowing, who)
    title = await edition(b.database, b.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await steps(b, desks, request, barcode, STEPS[:saved])
    copy = await backup(postgres, at)
    await steps(b, desks, request, barcode, STEPS[saved:lost])
    states, told = await b.states(request), await ledger(b, at, request)
    await copy.restore()
    await deliver(b.database)
    assert await b.states(request) != states, "nobody says it again unasked"
    found = await restored.replay(b.database, at)
    assert (sum(one.again for one in found.again) > 0, sum(one.gone for one in found.again)) == (
        True, 0,
    )  # fmt: skip
    await carried_in_order(b)
    assert await b.states(request) == states
    assert await ledger(b, at, request) == told, "each step once"
    assert (await restored.plan(b.database, at)).again == []
    await steps(b, desks, request, barcode, STEPS[lost:])
    assert set((await b.states(request)).values()) == {"COMPLETED", "DONE"}
    await all_agree(b, request)


async def carried_in_order(b: Borrowing) -> None:
    """As a worker does: what was held goes when its turn has come, and not before."""
    listeners = listeners_of(FEATURES)
    for _ in range(ROUNDS):
        await restored.let_go(b.database)
        while await carry(b.database, listeners):
            pass


async def steps(
    b: Borrowing, desks: dict[str, Desk], request: UUID, barcode: str, wanted: Sequence[str]
) -> None:
    """The ordinary life of a request, so far."""
    for on in wanted:
        if on == "lend":
            assert (await desks["pickup"].lend(b.reader.card, barcode)).status_code == 201
        elif on == "return":
            assert (await desks["pickup"].take_back(barcode)).status_code == 200
        elif on in {"ship", "home"}:
            await b.act(b.supplier, request, S, on)
        else:
            await b.act(b.pickup, request, P, on)
        await deliver(b.database)


async def ledger(b: Borrowing, at: Tenant, request: UUID) -> Counter[bytes]:
    """What this branch has promised about it, whatever its audit log calls the line."""
    async with unit_of_work(b.database.app, at.id) as session:
        events = await session.scalars(select(Event.event).where(Event.about == request))
        facts = [msgspec.json.decode(event)["facts"] for event in events]
        told = [{name: fact for name, fact in one.items() if name != "audit"} for one in facts]
        return Counter(msgspec.json.encode(one, order="sorted") for one in told)


async def all_agree(b: Borrowing, request: UUID) -> None:
    found: dict[Role, Party] = {}
    for at in (b.home, b.supplier, b.pickup):
        async with unit_of_work(b.database.app, at.id) as session:
            rows = await session.scalars(select(PartyRow).where(PartyRow.request_id == request))
            found |= {one.party.role: one.party for one in map(found_of, rows)}
    assert agree(found[R], S, found[S].state)
    assert agree(found[R], P, found[P].state)
