"""What is on its way between the branches of a storm."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import Party

type Lane = tuple[int, int, UUID]  # from a branch to a branch, about one request


class Letter(NamedTuple):
    """A message under way."""

    seq: int
    to: Role
    attempt: int
    name: str
    facts: Mapping[str, Any]
    sender: Party
