import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest

from pinakes.main.embedded.ground import open_folder
from pinakes.main.embedded.objects import ObjectStore
from pinakes.platform.objects import (
    MARGIN,
    Keys,
    ObjectMissing,
    Objects,
    Store,
    StoreRefused,
    StoreUnavailable,
)
from pinakes.platform.placement import Placement


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with open_folder("pinakes-test-") as folder, ObjectStore(folder) as server:
        yield server


@pytest.fixture
def objects(server: ObjectStore) -> Objects:
    return Objects(server.endpoint, Keys(server.key, server.secret))


def branch() -> Placement:
    return Placement(f"branch-{uuid4().hex}")


def inside[R](objects: Objects, work: Callable[[Store], Awaitable[R]]) -> R:
    """Do *work* with the store of a branch that was just made."""

    async def go() -> R:
        placement = branch()
        await objects.make_bucket(placement)
        return await work(objects.store(placement))

    return asyncio.run(go())


def test_what_was_put_is_what_one_gets(objects: Objects) -> None:
    async def work(store: Store) -> bytes:
        await store.put("导入/一.mrc", b"record")
        return await store.get("导入/一.mrc")

    assert inside(objects, work) == b"record"


def test_a_large_file_goes_in_parts_and_comes_as_a_stream(objects: Objects) -> None:
    body = bytes(range(256)) * 50_000  # 12.8 MB, over the limit for one part

    async def work(store: Store) -> bytes:
        await store.put("large", BytesIO(body))
        return b"".join([piece async for piece in store.stream("large", 1 << 20)])

    assert inside(objects, work) == body


def test_what_was_deleted_is_missing_and_may_be_deleted_again(objects: Objects) -> None:
    async def work(store: Store) -> None:
        await store.put("note", b"x")
        await store.delete("note")
        await store.delete("note")
        await store.get("note")

    with pytest.raises(ObjectMissing):
        inside(objects, work)


def test_a_bucket_is_made_once(objects: Objects) -> None:
    placement = branch()

    async def twice() -> None:
        await objects.make_bucket(placement)
        await objects.make_bucket(placement)

    asyncio.run(twice())


def test_the_neighbours_bucket_is_refused_by_the_store_itself(objects: Objects) -> None:
    mine, theirs = branch(), branch()

    async def mix_up() -> None:
        await objects.make_bucket(mine)
        await objects.make_bucket(theirs)
        await objects.store(theirs).put("secret", b"theirs")
        session = objects.client(mine)  # my session, asked for their bucket
        await objects.run(session.get_object, Bucket=theirs.bucket, Key="secret")

    with pytest.raises(StoreRefused):
        asyncio.run(mix_up())


@pytest.mark.parametrize("verb", ["put_object", "delete_object", "list_objects_v2"])
def test_no_verb_reaches_the_neighbour(objects: Objects, verb: str) -> None:
    mine, theirs = branch(), branch()

    async def mix_up() -> None:
        await objects.make_bucket(theirs)
        key = {} if verb == "list_objects_v2" else {"Key": "secret"}
        await objects.run(getattr(objects.client(mine), verb), Bucket=theirs.bucket, **key)

    with pytest.raises(StoreRefused):
        asyncio.run(mix_up())


def test_branches_that_share_a_bucket_are_kept_apart_by_their_prefix(objects: Objects) -> None:
    mine = branch()
    theirs = Placement(mine.bucket, "theirs/")
    mine = Placement(mine.bucket, "mine/")

    async def work() -> bytes:
        await objects.make_bucket(mine)
        await objects.store(theirs).put("book", b"theirs")
        await objects.store(mine).put("book", b"mine")
        with pytest.raises(StoreRefused):
            await objects.store(mine).get("../theirs/book")
        session = objects.client(mine)
        with pytest.raises(StoreRefused):
            await objects.run(session.get_object, Bucket=mine.bucket, Key="theirs/book")
        return await objects.store(mine).get("book")

    assert asyncio.run(work()) == b"mine"


def test_a_session_is_kept_until_shortly_before_its_end(objects: Objects) -> None:
    placement = branch()
    first = objects.client(placement)
    assert objects.client(placement) is first
    ends = datetime.now(UTC) + MARGIN - timedelta(seconds=1)
    objects.sessions[placement] = objects.sessions[placement]._replace(ends=ends)
    assert objects.client(placement) is not first


def test_a_store_that_is_away_is_unavailable_and_nobody_learns_its_keys() -> None:
    away = Objects("http://127.0.0.1:9", Keys("KEY", "SECRET"))
    with pytest.raises(StoreUnavailable) as refusal:
        asyncio.run(away.make_bucket(branch()))
    assert "SECRET" not in refusal.value.detail
