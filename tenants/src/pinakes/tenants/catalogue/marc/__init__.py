"""MARC as code sees it: reading, meaning and copies; pure, no database and no web."""

from pinakes.tenants.catalogue.marc.items import items_of
from pinakes.tenants.catalogue.marc.mapping import title_of
from pinakes.tenants.catalogue.marc.reading import UnknownFormat, read
from pinakes.tenants.catalogue.marc.reasons import REASONS, sentence
from pinakes.tenants.catalogue.marc.record import Broken, Dialect, Found, Record, subfields
from pinakes.tenants.catalogue.marc.title import Class, Isbn, Item, Link, Name, Title

__all__ = [
    "REASONS",
    "Broken",
    "Class",
    "Dialect",
    "Found",
    "Isbn",
    "Item",
    "Link",
    "Name",
    "Record",
    "Title",
    "UnknownFormat",
    "items_of",
    "read",
    "sentence",
    "subfields",
    "title_of",
]
