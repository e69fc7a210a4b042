"""Titles that may be the same are found by rules and decided by a person, once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from books import Import, book, file_of, look, performed
from marcs import iso
from mint import Mint
from sqlalchemy import func, select, update

from pinakes.platform.audit import Audit
from pinakes.platform.db import Database, public_work, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, JobDue
from pinakes.platform.messages import Outbox
from pinakes.tenants.catalogue import deciding, duplicates, grouping
from pinakes.tenants.catalogue.alike import Verdict, why
from pinakes.tenants.catalogue.marc import Isbn, Name, Title
from pinakes.tenants.catalogue.models import CatalogueRecord
from pinakes.tenants.catalogue.service import described
from pinakes.tenants.items.models import Item

pytestmark = pytest.mark.anyio

ONE, TWO = Isbn("7-02-000220-X", "9787020002207"), Isbn("9787506365437", "9787506365437")
CAO = Name("曹雪芹", ("Cao Xueqin",))


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (Title(title="红楼梦", isbn=(ONE,)), Title(title="紅樓夢", isbn=(ONE,)), "isbn_title"),
        (Title(title="红楼梦", isbn=(ONE,)), Title(title="西游记", isbn=(ONE,)), None),
        (
            Title(title="红楼梦", names=(CAO,), year=1982),
            Title(title="《红楼梦》", names=(Name("Cao, Xueqin"),), year=1982),
            "title_name_year",
        ),
        (
            Title(title="红楼梦", names=(CAO,), year=1982),
            Title(title="红楼梦", names=(CAO,), year=2008),
            None,
        ),
        (
            Title(title="红楼梦", names=(CAO,), year=1982, isbn=(ONE,)),
            Title(title="红楼梦", names=(CAO,), year=1982, isbn=(TWO,)),
            None,
        ),
        (
            Title(title="The old man and the sea", filing="old man and the sea", isbn=(ONE,)),
            Title(title="Old man and the sea", isbn=(ONE,)),
            "isbn_title",
        ),
        (
            Title(title="L'Étranger", isbn=(ONE,)),
            Title(title="Etranger", isbn=(ONE,)),
            "isbn_title",
        ),
        (Title(title="A", isbn=(ONE,)), Title(title="The", isbn=(ONE,)), None),
        (Title(title="红楼梦", year=1982), Title(title="红楼梦", year=1982), None),
        (Title(title="…"), Title(title="…"), None),
    ],
)
def test_two_titles_may_be_the_same(one: Title, other: Title, rule: str | None) -> None:
    assert why(one, other) == why(other, one) == rule


type Search = Callable[[], Awaitable[dict[str, Any]]]
type Waiting = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def search(database: Database, library: Tenant) -> Search:
    """Looks for duplicates and answers the job's report."""

    async def search() -> dict[str, Any]:
        async with unit_of_work(database.app, library.id) as session:
            id = (await duplicates.start_search(session)).id
        await performed(database)
        return (await look(database, library, id)).report or {}

    return search


TWICE = file_of(
    book("1", "红楼梦", isbn="9787020002207", items=["A"]),
    book("2", "紅樓夢", isbn="7-02-000220-X", items=["B"]),
    book("3", "西游记", isbn="9787020008735"),
)


async def test_they_are_found_once_and_a_decision_stays(
    bring: Import, search: Search, client: httpx.AsyncClient, mint: Mint, library: Tenant
) -> None:
    await bring(TWICE)
    assert (await search())["found"] == 1
    assert (await search())["found"] == 0
    root = f"/v1/b/{library.code}/catalogue/duplicates"
    staff = mint.staff(f"cataloguer@{library.code}")
    [pair] = (await client.get(root, headers=staff)).json()["items"]
    assert (pair["rule"], pair["verdict"]) == ("isbn_title", "open")
    assert [pair[one]["title"]["title"] for one in ("first", "second")] == ["红楼梦", "紅樓夢"]
    decided = {"verdict": "different"}
    answer = await client.post(f"{root}/{pair['id']}/decide", json=decided, headers=staff)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "different")
    assert (await search())["found"] == 0
    assert (await client.get(root, headers=staff)).json()["items"] == []
    told = await client.get(root, params=decided, headers=staff)
    assert [one["id"] for one in told.json()["items"]] == [pair["id"]]


async def test_of_two_that_are_the_same_one_gets_all_copies(
    bring: Import,
    search: Search,
    client: httpx.AsyncClient,
    mint: Mint,
    database: Database,
    library: Tenant,
) -> None:
    await bring(TWICE)
    await search()
    root = f"/v1/b/{library.code}/catalogue/duplicates"
    staff = mint.staff(f"cataloguer@{library.code}")
    [pair] = (await client.get(root, headers=staff)).json()["items"]
    path, keep = f"{root}/{pair['id']}/decide", pair["second"]["id"]
    neither = await client.post(path, json={"verdict": "same", "keep": pair["id"]}, headers=staff)
    assert (neither.status_code, neither.json()["code"]) == (400, "neither_of_them")
    same = await client.post(path, json={"verdict": "same", "keep": keep}, headers=staff)
    assert (same.status_code, same.json()["first"]["withdrawn"]) == (200, True)
    async with unit_of_work(database.app, library.id) as session:
        assert set(await session.scalars(select(Item.record_id))) == {UUID(keep)}
        kinds = set(await session.scalars(select(Outbox.kind)))
        notes = set(await session.scalars(select(Audit.operation)))
    assert {"RecordsChanged", "ItemsChanged"} <= kinds
    assert {"catalogue.same", "catalogue.withdraw"} <= notes
    again = await client.post(path, json={"verdict": "different"}, headers=staff)
    assert (again.status_code, again.json()["code"]) == (409, "decided_already")
    assert (await bring(TWICE)).report["unchanged"] == 3  # type: ignore[index]
    assert (await search())["found"] == 0


@pytest.fixture
def waiting(client: httpx.AsyncClient, mint: Mint, library: Tenant) -> Waiting:
    """The pairs that nobody has decided on, and how to decide on one."""
    root, staff = f"/v1/b/{library.code}/catalogue/duplicates", f"cataloguer@{library.code}"

    async def waiting(pair: str = "", keep: str = "") -> httpx.Response:
        if not pair:
            return await client.get(root, headers=mint.staff(staff))
        wish = {"verdict": "same", "keep": keep}
        return await client.post(f"{root}/{pair}/decide", json=wish, headers=mint.staff(staff))

    return waiting


@pytest.mark.parametrize("way", [{"suppressed": True}, {"withdrawn": True}, {"state": "deleted"}])
async def test_copies_never_come_under_a_record_that_readers_do_not_see(
    bring: Import,
    search: Search,
    waiting: Waiting,
    database: Database,
    library: Tenant,
    way: dict[str, Any],
) -> None:
    await bring(TWICE)
    await search()
    [pair] = (await waiting()).json()["items"]
    async with unit_of_work(database.app, library.id) as session:
        row = CatalogueRecord
        await session.execute(update(row).where(row.id == UUID(pair["first"]["id"])).values(**way))
    refused = await waiting(pair["id"], pair["first"]["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "record_not_shown")
    async with unit_of_work(database.app, library.id) as session:
        assert len(set(await session.scalars(select(Item.record_id)))) == 2
    listed = (await waiting()).json()["items"]
    assert [one["id"] for one in listed] == ([pair["id"]] if "suppressed" in way else [])
    assert (await waiting(pair["id"], pair["second"]["id"])).status_code == 200


async def test_two_that_readers_do_not_see_may_become_one(
    bring: Import, search: Search, database: Database, library: Tenant
) -> None:
    await bring(TWICE)
    await search()
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(CatalogueRecord).values(suppressed=True))
        [twin] = await session.scalars(deciding.listed(Verdict.OPEN))
        done = await deciding.decide(session, twin.id, Verdict.SAME, twin.first_id)
        assert done.verdict is Verdict.SAME


async def test_an_import_is_followed_by_a_search_among_what_it_changed(
    bring: Import, search: Search, database: Database, library: Tenant
) -> None:
    async def searches() -> list[Job]:
        async with unit_of_work(database.app, library.id) as session:
            rows = select(Job).where(Job.kind == duplicates.DUPLICATES).order_by(Job.id)
            return list(await session.scalars(rows))

    async def come(job: Job) -> dict[str, Any]:
        async with public_work(database.carrier) as session:
            now = update(JobDue).where(JobDue.id == job.id).values(due_at=func.now())
            await session.execute(now)
        await performed(database)
        return (await look(database, library, job.id)).report or {}

    await bring(TWICE, dry_run=True)
    assert await searches() == []
    await bring(TWICE)
    await bring(file_of(book("4", "论语")))
    [waiting] = await searches()
    assert waiting.state == "queued"
    told = await come(waiting)
    assert (told["groups"], told["found"], told["passed_over"]) == (2, 1, 0)
    await bring(TWICE)
    assert len(await searches()) == 1
    await aged(database, library)
    await bring(file_of(book("5", "论语"), book("6", "论语")))
    assert (await come((await searches())[-1]))["groups"] == 1


def sea(number: int, title: str, skipped: str, year: str = "1952") -> bytes:
    """A record of *title* whose second indicator skips so many characters of it."""
    return iso(
        f"001 {number}",
        "003 TEST",
        "100 1_ $aHemingway, Ernest",
        f"245 1{skipped} $a{title}",
        f"260 __ $c{year}",
    )


async def test_an_article_keeps_no_two_titles_apart(bring: Import, search: Search) -> None:
    await bring(
        sea(1, "The old man and the sea", "4")
        + sea(2, "The old man and the sea", "0")
        + sea(3, "Old man and the sea", "0")
        + sea(4, "The old man and the sea", "0", "1999")
    )
    assert (await search())["found"] == 3


async def test_groups_that_are_too_large_are_parted_or_told(
    bring: Import,
    search: Search,
    client: httpx.AsyncClient,
    mint: Mint,
    library: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouping, "MOST", 3)
    years = ("1951", "1952", "1952", *["1953"] * 4, *["1954"] * 5)
    await bring(b"".join(sea(n, "Poems", "0", year) for n, year in enumerate(years)))
    told = await search()
    assert (told["found"], told["passed_over"]) == (1, 2)
    assert told["largest"] == [
        {"title": "Poems", "said": year, "records": number}
        for year, number in (("1954", 5), ("1953", 4))
    ]
    address = f"/b/{library.code}/cataloguing/duplicates"
    page = (await client.get(address, headers=mint.staff(f"cataloguer@{library.code}"))).text
    assert "Poems" in page
    assert "1954" in page


async def test_a_number_of_too_many_is_told_by_itself(
    bring: Import, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "MOST", 3)
    await bring(
        file_of(
            *(book(str(n), "红楼梦", isbn="9787020002207") for n in range(4)),
            *(book(str(n), "西游记", isbn="9787020002207") for n in (4, 5)),
        )
    )
    told = await search()
    assert told["found"] == 1
    number = {"title": "红楼梦", "said": "9787020002207", "records": 4}
    assert told["largest"] == [number]


async def aged(database: Database, library: Tenant) -> None:
    """What has happened until now lies an hour back."""
    hour = timedelta(hours=1)
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(Job).values(created_at=Job.created_at - hour))
        back = CatalogueRecord.changed_at - 2 * hour
        await session.execute(update(CatalogueRecord).values(changed_at=back))


async def test_more_pairs_than_one_statement_has_parameters(
    bring: Import, database: Database, library: Tenant
) -> None:
    await bring(file_of(*(book(str(n), isbn="9787020002207") for n in range(1, 121))))
    async with unit_of_work(database.app, library.id) as session:
        group = (await session.scalars(select(CatalogueRecord.id))).all()
        assert await duplicates.compare(session, [group]) == 120 * 119 / 2
        assert await duplicates.compare(session, [group]) == 0


async def test_nobody_else_decides(
    bring: Import, search: Search, client: httpx.AsyncClient, mint: Mint, library: Tenant
) -> None:
    await bring(TWICE)
    await search()
    root = f"/v1/b/{library.code}/catalogue/duplicates"
    desk = mint.staff(f"desk@{library.code}")
    [pair] = (await client.get(root, headers=desk)).json()["items"]
    path, wish = f"{root}/{pair['id']}/decide", {"verdict": "different"}
    assert (await client.post(path, json=wish, headers=desk)).status_code == 403


async def test_a_record_leaves_the_stock_when_its_copies_have(
    bring: Import, client: httpx.AsyncClient, mint: Mint, database: Database, library: Tenant
) -> None:
    await bring(file_of(book("1", items=["A"])))
    async with unit_of_work(database.app, library.id) as session:
        [id] = await session.scalars(select(CatalogueRecord.id))
    path = f"/v1/b/{library.code}/catalogue/records/{id}/withdrawn"
    staff = mint.staff(f"cataloguer@{library.code}")
    refused = await client.put(path, json={"withdrawn": True}, headers=staff)
    assert (refused.status_code, refused.json()["code"]) == (409, "items_left")
    assert refused.json()["items"] == 1
    async with unit_of_work(database.app, library.id) as session:
        await session.execute(update(Item).values(status="withdrawn"))
    for wish in (True, False):
        answer = await client.put(path, json={"withdrawn": wish}, headers=staff)
        assert (answer.status_code, answer.json()["withdrawn"]) == (200, wish)
        async with unit_of_work(database.app, library.id) as session:
            [told] = await described(session, [id])
        assert told.visible is not wish
    async with unit_of_work(database.app, library.id) as session:
        notes = list(await session.scalars(select(Audit.operation)))
    assert {"catalogue.withdraw", "catalogue.restore"} <= set(notes)
