"""What must hold when a storm is over."""

from collections.abc import Iterable, Mapping

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import Key, Party, agree
from pinakes.federation.lending.simulation.books import Broken, Copy


def judge(
    parties: Mapping[Key, Party], copies: Iterable[Copy], transits: Iterable[tuple[Key, str]]
) -> None:
    """All parties tell one story, no transit is open, and every book is somewhere, on no loan."""
    for (request, role, attempt), party in parties.items():
        if role is not Role.REQUESTER:
            continue
        for other in (Role.SUPPLIER, Role.PICKUP):
            found = parties.get((request, other, attempt))
            if not agree(party, other, found.state if found else None):
                state = found.state if found else "nothing"
                raise Broken(f"the requester is {party.state}, the {other} {state}")
    for (_, role, _), leg in transits:
        raise Broken(f"a transit {leg} of a {role} never ends")
    for copy in copies:
        if copy.lent or copy.kept:
            raise Broken(f"a copy at {copy.place} is still {copy}")
