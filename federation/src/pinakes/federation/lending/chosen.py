"""Why a branch was asked: the choice as the reader's home has kept it, with names for numbers."""

from collections.abc import Mapping
from typing import Any, Self

from msgspec import Struct

from pinakes.platform.directory import Directory


class Considered(Struct, frozen=True):
    """One branch as it was judged: its place, or the rule that left it out; and by which figures.

    See ``holds.choosing.ranking.figures``; of the next in a queue ``ahead`` and ``waited`` (days).
    """

    supplier: str | None  # none: a branch that is not in the directory any more
    place: int | None
    out: str | None
    figures: dict[str, Any]


class Choice(Struct, frozen=True):
    """Of one attempt: whom it asked (none: nobody could be), what decided, and who was weighed."""

    attempt: int
    supplier: str | None
    rule: str | None
    ranked_by: str | None  # of a copy that came free: what put its owner first
    considered: list[Considered]

    @classmethod
    def of(cls, attempt: int, kept: Mapping[str, Any], directory: Directory) -> Self:
        """A choice as a party's row has kept it; see ``models.PartyRow.reasons``."""

        def code(id: Any) -> str | None:
            return directory.ids[id].code if id in directory.ids else None

        return cls(
            attempt=attempt,
            supplier=code(kept.get("supplier")),
            rule=kept.get("rule"),
            ranked_by=kept.get("ranked_by"),
            considered=[
                Considered(
                    supplier=code(one.get("supplier")),
                    place=one.get("place"),
                    out=one.get("out"),
                    figures=one.get("figures") or {},
                )
                for one in kept.get("considered", ())
            ],
        )
