"""A cell that counts, and means ill or was restored: what it says poisons and loses nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from borrowing import edition, held
from celling import Cells
from lending import stock
from mint import Mint

from pinakes.federation.lending.facts import LONGEST
from pinakes.federation.lending.models import Arrival
from pinakes.federation.lending.views import in_trouble
from pinakes.platform.db import unit_of_work
from pinakes.tenants.items.service import NoSuchItem, with_barcode

pytestmark = pytest.mark.anyio

EARLIER = datetime.now(UTC) - timedelta(hours=1)


async def test_what_a_restored_sender_says_anew_does_not_pass_for_what_it_said(
    cells: Cells,
) -> None:
    first = cells.letter(seq=1, last=2, created_at=EARLIER)
    second = cells.letter(seq=2, last=2, created_at=EARLIER)
    for letter in (first, second, first):
        assert (await cells.post(letter)).status_code == 204
    anew = cells.letter(seq=2, last=3)  # its numbers have caught up while its mail was refused
    answer = await cells.post(anew)
    assert (answer.status_code, answer.json()["code"]) == (409, "sequence_turned_back")
    assert (await cells.post(cells.letter(seq=3, last=3))).status_code == 204


def party(cells: Cells, role: str, signal: str, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "about": str(uuid4()), "attempt": 1, "role": role, "signal": signal,
        "home": cells.here.home.id, "pickup": cells.here.home.id, "supplier": cells.supplier.id,
        "service": "Normal", "model": 1, "flags": [], "facts": {},
    }  # fmt: skip
    return told | more


FAULTY: Mapping[str, dict[str, Any]] = {
    "a title that is no text": {"facts": {"title": {"no": "text"}}},
    "a day that no calendar has": {"facts": {"title": "x", "due": 10**17}},
}


@pytest.mark.parametrize("how", FAULTY.values(), ids=FAULTY)
async def test_no_letter_spoils_the_lists_of_a_branch(
    cells: Cells, mint: Mint, how: dict[str, Any]
) -> None:
    request = await cells.here.place(cells.title)
    await cells.carry()
    body = party(cells, "requester", "Loaned", about=str(request), **how)
    letter = cells.letter(kind="PartyTold", about=request, body=body, seq=50, last=50)
    answer = await cells.post(letter)
    assert (answer.status_code, answer.json()["code"]) == (422, "letter_not_applied")
    await lists_stand(cells, mint)


async def test_no_letter_names_a_branch_that_is_not_there(cells: Cells, mint: Mint) -> None:
    body = party(
        cells, "supplier", "Request",
        home=cells.supplier.id, pickup=999_999, supplier=cells.here.home.id,
    )  # fmt: skip
    letter = cells.letter(kind="PartyTold", body=body, seq=1, last=1)
    answer = await cells.post(letter)
    assert (answer.status_code, answer.json()["code"]) == (403, "letter_not_theirs")
    await lists_stand(cells, mint)


async def lists_stand(cells: Cells, mint: Mint) -> None:
    code, desk = cells.here.home.code, mint.staff(f"desk@{cells.here.home.code}")
    async with httpx.AsyncClient(base_url=cells.main.address, headers=desk) as client:
        for name in ("answer", "receive", "problem"):
            answer = await client.get(f"/v1/b/{code}/worklists/{name}")
            assert answer.status_code == 200, answer.text
        assert (await client.get(f"/v1/b/{code}/requests")).status_code == 200


async def test_no_day_of_a_loan_spoils_the_list_of_its_reader(cells: Cells, mint: Mint) -> None:
    reader, home = cells.here.reader.person, cells.here.home
    days = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    for seq, day in enumerate(days, 1):
        told = {"lent_at": day, "due_at": day}
        body = {"about": str(reader), "loan": str(uuid4()), "barcode": "1", "title": "x"} | told
        letter = cells.letter(kind="LoanOpened", about=reader, body=body, seq=seq, last=seq)
        assert (await cells.post(letter)).status_code == 204
    headers = mint.reader(reader, home.code) | {"Accept": "text/html"}
    async with httpx.AsyncClient(base_url=cells.main.address, headers=headers) as client:
        for path in ("/v1/me/loans", f"/b/{home.code}/me/loans"):
            assert (await client.get(path)).status_code == 200, path


async def test_what_fills_pages_is_cut_and_no_answer_is_a_book(cells: Cells, mint: Mint) -> None:
    home = cells.here.home.id
    body = party(
        cells, "supplier", "Request", home=cells.supplier.id, supplier=home,
        facts={"title": "x" * 100_000},
    )  # fmt: skip
    letter = cells.letter(kind="PartyTold", body=body, seq=1, last=1)
    assert (await cells.post(letter)).status_code == 204
    code, desk = cells.here.home.code, mint.staff(f"desk@{cells.here.home.code}")
    async with httpx.AsyncClient(base_url=cells.main.address, headers=desk) as client:
        [asked] = (await client.get(f"/v1/b/{code}/worklists/answer")).json()["items"]
    assert len(asked["title"]) == LONGEST
    answer = {"person": str(uuid4()), "title": "x", "corrected": True, "answer": "x" * 2001}
    letter = cells.letter(kind="MistakeAnswered", body=answer, seq=2, last=2)
    assert (await cells.post(letter)).json()["code"] == "letter_not_understood"


async def test_whose_book_was_given_back_is_answered_once(cells: Cells) -> None:
    database, home = cells.main.database, cells.here.home
    [barcode] = await stock(database, home)
    async with unit_of_work(database.app, home.id) as session:
        ours = await with_barcode(session, barcode)
        arrival = Arrival(id=uuid4(), barcode="S1", owner_id=cells.supplier.id, state="asked")
        session.add(arrival)
        id, record = arrival.id, str(ours.record_id)
    stays = {"about": str(id), "title": "x", "send_to": home.id}
    moved = stays | {"moved": {"record": record, "kind": "book", "call_number": ""}}
    for seq, body in enumerate((stays, moved), 1):
        letter = cells.letter(about=id, body=body, seq=seq, last=seq)
        assert (await cells.post(letter)).status_code == 204
    async with unit_of_work(database.app, home.id) as session:
        with pytest.raises(NoSuchItem):
            await with_barcode(session, "S1")


async def test_nobody_disagrees_with_a_request_of_others(cells: Cells) -> None:
    b, home = cells.here, cells.here.home
    title = await edition(b.database, home.consortium)
    await held(b.database, home, title)
    request = await b.place(title)
    one = {"request": str(request), "attempt": 1, "role": "supplier", "state": "x"}
    for seq in range(1, 9):
        body = {"about": str(uuid4()), "parties": [one | {"version": seq}]}
        letter = cells.letter(kind="ViewsDiffer", body=body, seq=seq, last=seq)
        assert (await cells.post(letter)).status_code == 204
    async with unit_of_work(b.database.app, home.id) as session:
        assert await in_trouble(session) == []
