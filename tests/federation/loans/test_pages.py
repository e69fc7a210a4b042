"""My loans as HTML: all branches in one list, each renewed where it was borrowed."""

import re

import httpx
import pytest
from lending import Bearer, deliver, desk_at, enrol, rule, stock
from mint import Mint

from pinakes.platform.db import Database
from pinakes.platform.directory import Tenant

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
async def reader(database: Database, tenant: Tenant) -> Bearer:
    return await enrol(database, tenant)


@pytest.fixture
async def lent(
    client: httpx.AsyncClient, mint: Mint, database: Database, reader: Bearer, neighbour: Tenant
) -> None:
    """A book of the reader's home, and one of a neighbour that lets it be renewed once."""
    await rule(database, neighbour, loan_rules=[{"days": 7, "renewals": 1}])
    for branch in (reader.home, neighbour):
        [barcode] = await stock(database, branch)
        await desk_at(client, mint, branch).lend(reader.card, barcode)
    await rule(database, neighbour, loan_rules=[{"days": 9, "renewals": 1}])
    await deliver(database)


@pytest.fixture
async def asker(mint: Mint, reader: Bearer) -> dict[str, str]:
    return mint.reader(reader.person, reader.home.code) | HTML


async def renew(client: httpx.AsyncClient, asker: dict[str, str], text: str) -> httpx.Response:
    """Press the first button."""
    path = re.search(r'action="([^"]+/renewal)"', text)
    key = re.search(r'name="key" value="([^"]+)"', text)
    assert path
    assert key
    return await client.post(path[1], data={"key": key[1]}, headers=asker)


@pytest.mark.usefixtures("lent")
async def test_all_branches_stand_in_one_list(
    client: httpx.AsyncClient, tenant: Tenant, neighbour: Tenant, asker: dict[str, str]
) -> None:
    text = (await client.get("/me/loans", headers=asker)).text
    assert "2 items at home, from all libraries." in text
    assert tenant.name_en in text
    assert neighbour.name_en in text
    assert "As of " in text


@pytest.mark.usefixtures("lent")
async def test_a_loan_is_renewed_at_the_branch_that_lent_it(
    client: httpx.AsyncClient, asker: dict[str, str]
) -> None:
    page = await client.get("/me/loans", headers=asker)  # the neighbour's is due first
    answer = await renew(client, asker, page.text)
    assert answer.status_code == 200
    assert "Renewed. Now due on" in answer.text
    refused = await renew(client, asker, answer.text)
    assert refused.status_code == 409
    assert "Then you may borrow it again." in refused.text


async def test_nothing_on_loan_leads_to_the_catalogue(
    client: httpx.AsyncClient, asker: dict[str, str]
) -> None:
    text = (await client.get("/me/loans", headers=asker)).text
    assert "You have nothing on loan." in text
    assert 'href="/catalogue/search"' in text


async def test_nobody_renews_what_is_not_theirs(
    client: httpx.AsyncClient, asker: dict[str, str]
) -> None:
    path = "/me/loans/01890000-0000-7000-8000-000000000000/renewal"
    answer = await client.post(path, data={}, headers=asker)
    assert answer.status_code == 404
    assert "You have no such loan" in answer.text


async def test_a_stranger_is_led_to_the_log_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/me/loans", headers=HTML)
    assert answer.headers["location"] == "/login?as=reader&next=%2Fme%2Floans"
