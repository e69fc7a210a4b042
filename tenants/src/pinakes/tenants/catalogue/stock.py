"""The copies that a file tells of, put into stock; what cannot be is named line by line."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.db import uuid7
from pinakes.tenants.catalogue.marc import Item
from pinakes.tenants.catalogue.models import ItemTrouble
from pinakes.tenants.catalogue.ready import kind_of
from pinakes.tenants.catalogue.report import ItemCounts
from pinakes.tenants.catalogue.whereabouts import price_of, status_of
from pinakes.tenants.items.schemas import FoundItem
from pinakes.tenants.items.service import shelve

LONGEST = 200


class Copy(NamedTuple):
    """One copy of the record that became row *record*, out of the file's record *ordinal*."""

    record: UUID
    ordinal: int
    form: str
    item: Item


async def stock(
    session: AsyncSession, copies: Sequence[Copy], counts: ItemCounts, job: UUID
) -> list[ItemTrouble]:
    """Shelve the copies; a barcode that another record's copy bears stays where it was.

    What is to be told of those that did not come in is for the caller to keep.
    """
    if not copies:
        return []
    troubles: list[tuple[Copy, str]] = []
    first: dict[str, tuple[Copy, FoundItem]] = {}
    again = 0
    for copy in copies:
        new = new_item(copy)
        if new is None:
            troubles.append((copy, "item_refused"))
        elif first.setdefault(new.barcode, (copy, new))[0].record != copy.record:
            troubles.append((copy, "duplicate_barcode"))
        else:
            again += first[new.barcode][1] is not new
    done = await shelve(session, [new for _, new in first.values()], job)
    troubles += [(first[barcode][0], "duplicate_barcode") for barcode in done.taken]
    counts.read += len(copies)
    counts.new += done.new
    counts.updated += done.updated
    counts.unchanged += done.unchanged + again
    counts.duplicates += sum(reason == "duplicate_barcode" for _, reason in troubles)
    counts.refused += sum(reason == "item_refused" for _, reason in troubles)
    return [trouble(job, copy.ordinal, copy.item.barcode, reason) for copy, reason in troubles]


def new_item(copy: Copy) -> FoundItem | None:
    """The copy in the words of the stock, or None when its barcode cannot be one."""
    item = copy.item
    told = {
        "record": copy.record,
        "barcode": item.barcode,
        "kind": kind_of(item, copy.form),
        "call_number": short(item.call_number),
        "location": short(item.location) or None,
        "copy": short(item.copy) or None,
        "price": price_of(short(item.price)) or None,
        "status": status_of(item.status),
    }
    try:
        return msgspec.convert(told, FoundItem)
    except msgspec.ValidationError:
        return None


def short(words: str) -> str:
    return "".join(c for c in words if c.isprintable())[:LONGEST]


def trouble(job: UUID, ordinal: int, barcode: str, reason: str) -> ItemTrouble:
    """A line for a person to look at."""
    return ItemTrouble(
        id=uuid7(), job_id=job, ordinal=ordinal, barcode=short(barcode), reason=reason
    )
