"""Whom to ask: from what branches show, by the policy of the day, with every figure kept."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import MakeTenant
from sqlalchemy import text

from pinakes.federation.holds.choosing.service import Chosen, Nobody, Wish, choose
from pinakes.platform.clock import now
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

type Ask = Callable[..., Awaitable[Chosen | None]]

NOTE = text("SELECT commons.note_supply(:request, 1, :supplier, :home, :edition, :step)")


@pytest.fixture
def ask(database: Database, country: dict[str, Tenant]) -> Ask:
    """Chooses for a reader of ``home``."""

    async def ask(edition: UUID, refused: list[int] | None = None, **more: Any) -> Chosen | None:
        home = country["home"].id
        wish: dict[str, Any] = {"request": uuid4(), "home": home, "pickup": home}
        wish |= {"edition": edition} | more
        async with unit_of_work(database.app, home) as session:
            found = await choose(session, Wish(**wish), refused or [])
            return None if isinstance(found, Nobody) else found

    return ask


def outs(chosen: Chosen | None) -> dict[int, str]:
    assert chosen
    return {one.supplier: one.out for one in chosen.considered if one.out}


async def test_the_nearest_is_asked_and_everybody_is_explained(
    ask: Ask, country: dict[str, Tenant], held: Any
) -> None:
    edition = await held(country["far"], country["sister"], country["one"])
    chosen = await ask(edition)
    assert chosen
    assert chosen.supplier in (country["sister"].id, country["one"].id)
    assert chosen.rule == "lot", "two of the own province are equals"
    last = chosen.reasons["considered"][2]
    assert (last["supplier"], last["place"]) == (country["far"].id, 3)
    assert last["figures"] | {"near": 3, "available": 1, "days": 7} == last["figures"]


async def test_after_refusals_the_next_is_asked_and_at_last_nobody(
    ask: Ask, country: dict[str, Tenant], held: Any
) -> None:
    holders = [country[name] for name in ("sister", "one", "two", "far")]
    edition = await held(*holders)
    refused: list[int] = []
    while chosen := await ask(edition, refused):
        assert outs(chosen) == dict.fromkeys(refused, "refused_before")
        refused.append(chosen.supplier)
    assert set(refused[:2]) == {country["sister"].id, country["one"].id}
    assert set(refused) == {holder.id for holder in holders}


async def test_the_terms_of_branches_are_kept_whatever_the_policy(
    ask: Ask, country: dict[str, Tenant], held: Any, settle: Any
) -> None:
    today = now().date()
    holders = [country[name] for name in ("sister", "one", "two", "far", "city")]
    edition = await held(*holders)
    sister, one, two, far, city = holders
    await settle(sister, "supply.pause", {"from": str(today - timedelta(1))})
    await settle(one, "supply.daily_cap", 0)  # its city would inherit that
    await settle(city, "supply.daily_cap", None)
    await settle(far, "calendar.closed_weekdays", [1, 2, 3, 4, 5, 6])
    await settle(far, "calendar.closed_days", [str(today + timedelta(d)) for d in range(60)])
    await settle(two, "supply.cost", 500)
    await settle(country["hub"], "lending.policy", [{"most_cost": 400}])
    await settle(city, "supply.last_resort", value=True)
    chosen = await ask(edition)
    assert outs(chosen) == {
        sister.id: "paused",
        one.id: "cap_reached",
        far.id: "closed_for_long",
        two.id: "too_dear",
    }
    assert chosen
    assert (chosen.supplier, chosen.rule) == (city.id, "only_one")


async def test_a_policy_holds_from_its_day_on(
    ask: Ask, country: dict[str, Tenant], held: Any, settle: Any
) -> None:
    sister, far = country["sister"], country["far"]
    edition = await held(sister, far)
    await settle(sister, "supply.cost", 100)
    cheap = {"order": ["cost"]}
    tomorrow = {"from": str(now().date() + timedelta(2)), **cheap}
    await settle(country["hub"], "lending.policy", [{}, tomorrow])
    chosen = await ask(edition)
    assert chosen
    assert (chosen.supplier, chosen.rule) == (sister.id, "province")
    today = {"from": str(now().date() - timedelta(1)), **cheap}
    await settle(country["hub"], "lending.policy", [{}, today])
    chosen = await ask(edition)
    assert chosen
    assert (chosen.supplier, chosen.rule) == (far.id, "cost")
    assert chosen.policy_from == now().date() - timedelta(1)


async def test_branches_of_a_group_lend_to_one_another_first(
    ask: Ask, country: dict[str, Tenant], held: Any, settle: Any
) -> None:
    edition = await held(country["two"], country["far"])
    for name in ("home", "far"):
        await settle(country[name], "supply.groups", ["mountains"])
    chosen = await ask(edition)
    assert chosen
    assert (chosen.supplier, chosen.rule) == (country["far"].id, "group")
    await settle(country["hub"], "lending.policy", [{"group_only": True}])
    assert outs(await ask(edition)) == {country["two"].id: "outside_group"}


async def test_whoever_supplied_more_than_it_borrowed_is_spared(
    ask: Ask, country: dict[str, Tenant], held: Any, database: Database, settle: Any
) -> None:
    sister, one = country["sister"], country["one"]
    edition = await held(sister, one)
    await settle(country["hub"], "lending.policy", [{"balance": 1}])
    for _ in range(2):
        await note(database, uuid4(), sister, country["home"], None, "asked", "shipped", "ended")
    chosen = await ask(edition)
    assert chosen
    assert (chosen.supplier, chosen.rule) == (one.id, "balance")
    figures = {seen.supplier: seen.figures for seen in chosen.considered}
    assert (figures[sister.id]["balance"], figures[sister.id]["open"]) == (2, 0)
    assert figures[sister.id]["asked"] == 2


async def test_a_step_told_twice_counts_once(
    ask: Ask, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    sister, request = country["sister"], uuid4()
    edition = await held(sister, copies=2)
    steps = ("asked", "asked", "shipped", "shipped")
    await note(database, request, sister, country["home"], edition, *steps)
    chosen = await ask(edition)
    assert chosen
    told = chosen.considered[0].figures
    assert (told["open"], told["asked"], told["balance"]) == (1, 1, 1)
    await note(database, request, sister, country["home"], edition, "ended", "ended", "asked")
    chosen = await ask(edition)
    assert chosen
    assert chosen.considered[0].figures["open"] == 0


async def test_a_copy_that_was_asked_for_is_no_longer_available(
    ask: Ask, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    sister, request = country["sister"], uuid4()
    edition = await held(sister, copies=1)
    await note(database, request, sister, country["home"], edition, "asked")
    assert await ask(edition) is None
    await note(database, request, sister, country["home"], edition, "promised")
    assert await ask(edition), "the shelves say the rest"


@pytest.mark.parametrize("many", [60, 310])
async def test_a_title_that_everybody_holds_is_asked_for_nearby(
    ask: Ask, country: dict[str, Tenant], held: Any, make_tenant: MakeTenant, many: int
) -> None:
    others = [await make_tenant(country["two"]) for _ in range(many)]
    near = [country["sister"], country["one"]]
    edition = await held(*others, *near)
    chosen = await ask(edition)
    assert chosen
    assert {one.supplier for one in chosen.considered[:2]} == {one.id for one in near}
    assert len(chosen.considered) == 50
    chosen = await ask(edition, [one.id for one in near])
    assert chosen
    assert chosen.supplier in {one.id for one in others}


async def test_a_branch_that_is_closed_down_is_not_asked(
    ask: Ask, country: dict[str, Tenant], held: Any, database: Database
) -> None:
    edition = await held(country["sister"])
    order = text("UPDATE commons.tenant SET state = 'suspended' WHERE id = :id")
    async with public_work(database.public) as public:
        await public.execute(order, {"id": country["sister"].id})
    assert await ask(edition) is None


async def note(
    database: Database,
    request: UUID,
    supplier: Tenant,
    home: Tenant,
    edition: UUID | None,
    *steps: str,
) -> None:
    """Tell the scoreboard."""
    told = {"request": request, "supplier": supplier.id, "home": home.id, "edition": edition}
    async with public_work(database.public) as public:
        for step in steps:
            await public.execute(NOTE, told | {"step": step})
