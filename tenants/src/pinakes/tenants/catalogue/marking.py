"""What the bytes of a record do not say, in a line beside the file that holds them."""

from typing import Any, BinaryIO

from pinakes.platform.belongings import Line, written
from pinakes.tenants.catalogue.giving import ExportWish, Records
from pinakes.tenants.catalogue.marc.writing import Written
from pinakes.tenants.catalogue.models import CatalogueRecord

SAID = ("key", "dialect", "encoding")
HIDDEN = ("suppressed", "withdrawn")


class Marked(Records):
    """Records, and for each a line in the file *beside*.

    ``size`` is its bytes in the file of records; ``came`` the very bytes that it came in, where the
    file has it written anew (out of MARCXML, say).
    """

    def __init__(self, wish: ExportWish, beside: BinaryIO) -> None:
        super().__init__(wish)
        self.beside = beside
        self.marks = HIDDEN if self.table is CatalogueRecord else ()

    def columns(self) -> tuple[Any, ...]:
        more = [getattr(self.table, name) for name in ("key", *self.marks)]
        return (*super().columns(), *more)

    def one(self, row: Any) -> Written:
        one = super().one(row)
        line: Line = {name: getattr(row, name) for name in (*SAID, *self.marks)}
        line["size"] = len(one.raw)
        if one.raw != row.raw:
            line["came"] = row.raw
        self.beside.write(written([line]))
        return one
