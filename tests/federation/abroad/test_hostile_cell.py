"""A cell that counts, and means ill or was restored: what it says poisons and loses nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from celling import Cells
from mint import Mint

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
