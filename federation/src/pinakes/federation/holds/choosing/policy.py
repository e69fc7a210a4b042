"""The policy that holds on a day, read once from the setting ``lending.policy``. Pure."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import msgspec

from pinakes.tenants.registry.sharing import Policy


@lru_cache(1024)
def versions(told: str) -> tuple[Policy, ...]:
    """The setting as it stands in the database."""
    return msgspec.json.decode(told, type=tuple[Policy, ...])


def in_force(policies: Sequence[Policy], day: date) -> Policy:
    """The latest that has begun; before the first one begins, the first."""
    begun = [policy for policy in policies if policy.since <= day]
    if begun:
        return max(begun, key=lambda policy: policy.since)
    return min(policies, key=lambda policy: policy.since)
