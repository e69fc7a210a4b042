"""A branch with a bucket, files of MARC made by hand, and imports that are seen to their end."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from io import BytesIO
from typing import Any
from uuid import UUID

import pymarc
import pytest
from click import Command
from click.testing import CliRunner, Result
from commanding import beside
from conftest import MakeTenant
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.main.embedded.objects import ObjectStore
from pinakes.main.features import FEATURES
from pinakes.platform import objects
from pinakes.platform.config import Settings
from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Tenant
from pinakes.platform.jobs import Job, found
from pinakes.platform.performer import perform
from pinakes.tenants.catalogue import service
from pinakes.tenants.catalogue.cli import catalogue
from pinakes.tenants.catalogue.schemas import ImportWish
from pinakes.tenants.registry import placement

type Import = Callable[..., Awaitable[Job]]

HANDLERS = dict(job for feature in FEATURES for job in feature.jobs)


@pytest.fixture(scope="module")
def environment(settings: Settings, files: ObjectStore) -> Iterator[dict[str, str]]:
    """The settings as environment variables, with an object store; ours while the tests run."""
    secret = SecretStr(files.secret)
    told = {"objects": files.endpoint, "objects_key": files.key, "objects_secret": secret}
    with beside(settings.model_copy(update=told)):
        objects.objects.cache_clear()
        yield dict(os.environ)
    objects.objects.cache_clear()


async def moved_in(make_tenant: MakeTenant, database: Database) -> Tenant:
    """A fresh branch with a bucket."""
    tenant = await make_tenant()
    mine = placement.first_placement(tenant.code)
    await objects.objects().make_bucket(mine)
    async with unit_of_work(database.app, tenant.id) as session:
        await placement.place(session, mine)
    return tenant


@pytest.fixture
async def library(
    environment: dict[str, str], make_tenant: MakeTenant, database: Database
) -> Tenant:
    """A branch whose catalogue it is."""
    return await moved_in(make_tenant, database)


@pytest.fixture
async def other_library(
    environment: dict[str, str], make_tenant: MakeTenant, database: Database
) -> Tenant:
    """Another one."""
    return await moved_in(make_tenant, database)


def book(number: str = "1", title: str = "红楼梦", **more: Any) -> pymarc.Record:
    """A MARC 21 record; ``items`` are barcodes, ``isbn`` its number."""
    record = pymarc.Record(force_utf8=True, leader="00000nam a2200000 a 4500")
    if number:
        record.fields += [pymarc.Field("001", data=number), pymarc.Field("003", data="TEST")]
    fields = [("245", "a", title), ("020", "a", more.get("isbn")), ("100", "a", more.get("author"))]
    for tag, code, value in fields:
        if value:
            record.fields.append(
                pymarc.Field(tag, pymarc.Indicators("0", "0"), [pymarc.Subfield(code, value)])
            )
    for barcode in more.get("items", ()):
        copy = [("p", barcode), ("o", "I242/1"), ("y", "BK")]
        subfields = [pymarc.Subfield(*one) for one in copy]
        record.fields.append(pymarc.Field("952", pymarc.Indicators(" ", " "), subfields))
    return record


def file_of(*records: pymarc.Record | bytes) -> bytes:
    """The records one after the other, as ISO 2709."""
    return b"".join(one if isinstance(one, bytes) else one.as_marc() for one in records)


async def send(session: AsyncSession, file: bytes) -> UUID:
    """Lay *file* into the branch's bucket."""
    files = await placement.store(session, objects.objects())
    id = await service.uploaded(session, "test.mrc", len(file))
    await files.put(service.key_of_upload(id), BytesIO(file))
    return id


async def begin(database: Database, library: Tenant, file: bytes, **wish: Any) -> UUID:
    """Upload *file* and queue its import."""
    async with unit_of_work(database.app, library.id) as session:
        upload = await send(session, file)
        return (await service.start_import(session, ImportWish(upload=upload, **wish))).id


async def performed(database: Database) -> None:
    """Do every job that is due, also those that other tests have left."""
    while await perform(database, HANDLERS):
        pass


async def commanded(database: Database, *words: str, of: Command = catalogue) -> Result:
    """What ``pinakes catalogue WORDS`` (or another group's) says, beside a worker."""
    running = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, of, words))
    while not running.done():
        await perform(database, HANDLERS)
        await asyncio.sleep(0.05)
    return await running


async def look(database: Database, library: Tenant, job: UUID) -> Job:
    async with unit_of_work(database.app, library.id) as session:
        return await found(session, job)


@pytest.fixture
def bring(database: Database, library: Tenant) -> Import:
    """Imports a file into the library and returns the job when it has ended."""

    async def bring(file: bytes, **wish: Any) -> Job:
        job = await begin(database, library, file, **wish)
        await performed(database)
        return await look(database, library, job)

    return bring
