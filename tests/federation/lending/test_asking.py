"""What readers, and desks for them, ask for on pages: where, until when, and what nobody holds."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest
from borrowing import Borrowing, edition, held
from finding import hold, settle
from lending import deliver, desk_at, enrol
from mint import Mint
from request_desk import CHINESE, ENGLISH

from pinakes.federation.lending import service, wording
from pinakes.federation.lending.model import Role
from pinakes.platform import show
from pinakes.platform.clock import now
from pinakes.platform.config import Settings
from pinakes.platform.db import unit_of_work, uuid7
from pinakes.platform.language import _, speaking
from pinakes.tenants.catalogue.marc import Title

pytestmark = pytest.mark.anyio


@pytest.fixture
async def title(borrowing: Borrowing) -> UUID:
    """A title that our supplier holds."""
    found = await edition(borrowing.database, borrowing.home.consortium)
    await held(borrowing.database, borrowing.supplier, found, copies=2)
    return found


@pytest.fixture
def path(borrowing: Borrowing) -> str:
    """Where the reader's requests are."""
    return f"/b/{borrowing.home.code}/me/requests"


@pytest.fixture
def desk(mint: Mint, borrowing: Borrowing) -> dict[str, str]:
    """Headers of the desk of the reader's home."""
    return mint.staff(f"desk@{borrowing.home.code}") | ENGLISH


async def wishes(b: Borrowing) -> list[Any]:
    """What our reader has asked for."""
    async with unit_of_work(b.database.app, b.home.id) as session:
        return list(await session.scalars(service.listed(b.reader.person, over_too=True)))


def sent_by(page: str) -> dict[str, str]:
    """What the form of a page says before anybody changes it."""
    [form] = re.findall(r'<form class="scan".*?</form>', page, re.DOTALL)
    told = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    told |= dict(re.findall(r'<input type="radio" name="(\w+)" value="([^"]*)"[^>]*checked', form))
    told |= dict(re.findall(r'<input id="\w+" name="(\w+)"[^>]* value="([^"]*)"', form))
    told |= dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)<', form))
    told |= dict(re.findall(r'<input type="checkbox" name="(\w+)" value="([^"]*)" checked', form))
    return {name: unescape(value) for name, value in told.items()}


async def test_a_reader_says_where_until_when_and_how(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], title: UUID, path: str
) -> None:
    day = (now() + timedelta(days=9)).date().isoformat()
    form = {"edition": str(title), "pickup": borrowing.pickup.code, "needed_by": day}
    form |= {"note": "第二册\r\n也可以", "in_house": "true", "service": "Express"}
    pressed = await client.post(path, data=form, headers=me | ENGLISH)
    assert pressed.status_code == 303, pressed.text
    [wish] = await wishes(borrowing)
    assert (wish.pickup_id, str(wish.needed_by)) == (borrowing.pickup.id, day)
    assert (wish.note, wish.in_house, wish.service) == ("第二册\n也可以", True, "Normal")


async def test_any_library_of_the_consortium_is_found_by_its_name(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], title: UUID, path: str
) -> None:
    b, form = borrowing, {"edition": str(title), "pickup": borrowing.home.code, "note": "慢慢来"}
    form["library"] = b.pickup.code.upper()
    asked = await client.post(path, data=form, headers=me | ENGLISH)
    assert asked.status_code == 200
    assert "One library has this name. It is chosen below." in asked.text
    assert sent_by(asked.text)["pickup"] == b.pickup.code
    assert f'value="{b.pickup.code}"' in asked.text
    assert await wishes(b) == []
    told = sent_by(asked.text)
    assert told["note"] == "慢慢来"
    placed = await client.post(path, data=told | {"step": "place"}, headers=me | ENGLISH)
    assert placed.status_code == 303, placed.text
    [wish] = await wishes(b)
    assert (wish.pickup_id, wish.note) == (b.pickup.id, "慢慢来")


async def test_a_name_that_no_library_has_is_told_and_nothing_is_lost(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], title: UUID, path: str
) -> None:
    form = {"edition": str(title), "pickup": borrowing.home.code, "library": "Atlantis"}
    asked = await client.post(path, data=form | {"step": "find"}, headers=me | CHINESE)
    assert "没有叫这个名字的图书馆" in asked.text
    told = sent_by(asked.text)
    assert told["pickup"] == borrowing.home.code
    placed = await client.post(path, data=told | {"step": "place"}, headers=me | CHINESE)
    assert placed.status_code == 303


@pytest.mark.parametrize(
    ("tongue", "warning", "button"),
    [
        (ENGLISH, "You have this title, or wait for it already.", "I want it all the same"),
        (CHINESE, "您已借到此书，或已在等候。", "我仍然需要"),
    ],
)
async def test_who_asks_twice_is_warned_and_may_insist(  # noqa: PLR0913, PLR0917  (fixtures)
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    me: dict[str, str],
    title: UUID,
    path: str,
    tongue: dict[str, str],
    warning: str,
    button: str,
) -> None:
    form = {"edition": str(title), "pickup": borrowing.pickup.code, "note": "另一本"}
    assert (await client.post(path, data=form, headers=me | tongue)).status_code == 303
    warned = await client.post(path, data=form, headers=me | tongue)
    assert warned.status_code == 409
    assert warning in warned.text
    assert f">{button}</button>" in warned.text
    [wish] = await wishes(borrowing)
    with speaking(tongue["Accept-Language"]):
        day, state = show.short_day(wish.created_at, borrowing.home.zone), _(wording.STEPS["SENT"])
        assert _("Asked for on %(day)s: %(state)s") % {"day": day, "state": state} in warned.text
    assert f'href="/b/{borrowing.home.code}/catalogue/{title}"' in warned.text
    told = sent_by(warned.text)
    assert (told["pickup"], told["note"]) == (borrowing.pickup.code, "另一本")
    insisted = await client.post(path, data=told, headers=me | tongue)
    assert insisted.status_code == 303, insisted.text
    assert [wish.note for wish in await wishes(borrowing)] == ["另一本", "另一本"]


async def test_the_warning_names_the_loan_and_leads_the_desk_to_the_request(
    client: httpx.AsyncClient, borrowing: Borrowing, mint: Mint, desk: dict[str, str]
) -> None:
    b, title = borrowing, await edition(borrowing.database, borrowing.home.consortium)
    [barcode] = await held(b.database, b.supplier, title)
    request = await b.place(title)
    await b.act(b.supplier, request, Role.SUPPLIER, "ship")
    for act in ("receive", "shelve"):
        await b.act(b.pickup, request, Role.PICKUP, act)
    assert (await desk_at(client, mint, b.pickup).lend(b.reader.card, barcode)).status_code == 201
    await deliver(b.database)
    path, stranger = f"/b/{b.home.code}/lending/ask", await enrol(b.database, b.home)
    form = {"edition": str(title), "pickup": b.home.code}
    warned = await client.post(path, data=form | {"card": b.reader.card}, headers=desk)
    assert warned.status_code == 409
    assert f"On loan from {b.pickup.name_en} until " in warned.text
    assert f'href="/b/{b.home.code}/lending/requests/{request}"' in warned.text
    other = await client.post(path, data=form | {"card": stranger.card}, headers=desk)
    assert other.status_code == 303


async def test_what_is_refused_is_told_beside_what_was_typed(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], title: UUID, path: str
) -> None:
    form = {"edition": str(title), "pickup": borrowing.pickup.code, "needed_by": "2026-01-01"}
    refused = await client.post(path, data=form, headers=me | ENGLISH)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    told = sent_by(refused.text)
    assert (told["pickup"], told["needed_by"]) == (borrowing.pickup.code, "2026-01-01")
    told["needed_by"] = ""
    assert (await client.post(path, data=told, headers=me | ENGLISH)).status_code == 303


async def test_a_button_pressed_twice_asks_once(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], path: str
) -> None:
    page = await client.get(f"{path}/new", params={"title": "失传的书"}, headers=me | ENGLISH)
    told = sent_by(page.text)
    pressed = [await client.post(path, data=told, headers=me | ENGLISH) for _ in range(2)]
    assert len({one.headers["location"] for one in pressed}) == 1
    changed = await client.post(path, data=told | {"note": "x"}, headers=me | ENGLISH)
    assert changed.status_code == 409  # that is another wish for the same
    assert [wish.title for wish in await wishes(borrowing)] == ["失传的书"]


async def test_the_same_form_asks_anew_once_its_request_is_cancelled(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], path: str
) -> None:
    page = await client.get(f"{path}/new", params={"title": "失传的书"}, headers=me | ENGLISH)
    told, places = sent_by(page.text), list[str]()
    for many in (1, 2, 3):
        pressed = [await client.post(path, data=told, headers=me | ENGLISH) for _ in range(2)]
        assert len({one.headers["location"] for one in pressed}) == 1
        places.append(pressed[0].headers["location"])
        assert len(set(places)) == many
        request = places[-1].rpartition("=")[2]
        cancelled = await client.post(f"{path}/{request}/cancel", headers=me | ENGLISH)
        assert cancelled.status_code == 303, cancelled.text
    assert [wish.state for wish in await wishes(borrowing)] == ["CANCELLED"] * 3


async def test_what_is_not_found_can_be_asked_for(
    client: httpx.AsyncClient, borrowing: Borrowing, me: dict[str, str], desk: dict[str, str]
) -> None:
    code = borrowing.home.code
    search = f"/b/{code}/catalogue/search?q=zzqqzz"
    reader = (await client.get(search, headers=me | ENGLISH)).text
    assert f'href="/b/{code}/me/requests/new?title=zzqqzz"' in reader
    staff = (await client.get(search, headers=desk)).text
    assert f'href="/b/{code}/lending/ask?title=zzqqzz"' in staff
    assert "ask your library to look for it" in (await client.get(search, headers=ENGLISH)).text


async def test_the_staff_find_out_what_a_reader_means(  # noqa: PLR0913, PLR0917  (fixtures)
    client: httpx.AsyncClient,
    borrowing: Borrowing,
    mint: Mint,
    settings: Settings,
    me: dict[str, str],
    desk: dict[str, str],
    path: str,
) -> None:
    b, name = borrowing, f"阁楼杂记{uuid7().hex[-6:]}"
    await hold(b.database, b.supplier, Title(title=name, responsibility="无名氏著"))
    await settle(b.database, settings.search)
    form = {"title": f" {name}  ", "pickup": b.pickup.code, "note": "无名氏, 1930"}
    assert (await client.post(path, data=form, headers=me | ENGLISH)).status_code == 303
    [wish] = await wishes(b)
    assert (wish.state, wish.title) == ("NEEDS_REVIEW", name)
    whole, meant = (f"/b/{b.home.code}/lending/requests/{wish.id}{end}" for end in ("", "/title"))
    assert f'href="{meant}"' in (await client.get(whole, headers=desk)).text
    page = await client.get(meant, headers=desk)
    assert "无名氏著" in page.text
    [chosen] = re.findall(r'name="edition" value="([^"]+)"', page.text)
    pressed = await client.post(meant, data={"edition": chosen, "q": name}, headers=desk)
    assert (pressed.status_code, pressed.headers["location"]) == (303, whole)
    await deliver(b.database)
    [wish] = await wishes(b)
    assert (wish.state, str(wish.edition_id)) == ("WILL_SUPPLY", chosen)
    again = await client.post(meant, data={"edition": chosen, "q": name}, headers=desk)
    assert (again.status_code, 'role="alert"' in again.text) == (409, True)
    stranger = mint.staff(f"desk@{b.supplier.code}") | ENGLISH
    other = meant.replace(f"/b/{b.home.code}/", f"/b/{b.supplier.code}/")
    assert (await client.get(other, headers=stranger)).status_code == 404


async def test_the_desk_asks_for_whose_card_it_has(
    client: httpx.AsyncClient, borrowing: Borrowing, desk: dict[str, str], title: UUID
) -> None:
    b, path = borrowing, f"/b/{borrowing.home.code}/lending/ask"
    shown = await client.get(f"/b/{b.home.code}/catalogue/{title}", headers=desk)
    assert f'action="{path}"' in shown.text
    visitor = await enrol(b.database, b.pickup)
    form = {
        "edition": str(title),
        "pickup": b.pickup.code,
        "service": "Express",
        "note": "电话通知",
    }
    refused = await client.post(path, data=form | {"card": visitor.card}, headers=desk)
    assert refused.status_code == 409
    assert "Requests are placed at the reader" in refused.text
    told = sent_by(refused.text)
    assert (told["card"], told["note"]) == (visitor.card, "电话通知")
    told |= {"card": b.reader.card, "service": "Express"}
    placed = await client.post(path, data=told, headers=desk)
    assert placed.status_code == 303, placed.text
    [wish] = await wishes(b)
    assert (wish.service, wish.note, wish.pickup_id) == ("Express", "电话通知", b.pickup.id)
    assert placed.headers["location"] == f"/b/{b.home.code}/lending/requests/{wish.id}"


async def test_each_form_is_for_whom_it_is_made(
    client: httpx.AsyncClient, mint: Mint, borrowing: Borrowing, me: dict[str, str]
) -> None:
    code = borrowing.home.code
    staff = mint.staff(f"desk@{code}")
    for path, allowed, refused in (
        (f"/b/{code}/lending/ask", staff, me),
        (f"/b/{code}/me/requests/new", me, staff),
    ):
        assert (await client.get(path, headers=allowed | ENGLISH)).status_code == 200
        assert (await client.get(path, headers=refused | ENGLISH)).status_code == 403
