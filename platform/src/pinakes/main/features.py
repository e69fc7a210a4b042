"""The menu: every feature of the house, one line each."""

from pinakes.federation import abroad, discovery, holds, identity, ledger, lending, loans, notices
from pinakes.main import entrance, jobs
from pinakes.platform.feature import Feature
from pinakes.tenants import catalogue, circulation, items, readers, registry, staff

FEATURES: tuple[Feature, ...] = (
    entrance.feature,
    jobs.feature,
    registry.feature,
    staff.feature,
    readers.feature,
    catalogue.feature,
    items.feature,
    circulation.feature,
    ledger.feature,
    abroad.feature,
    discovery.feature,
    holds.feature,
    identity.feature,
    loans.feature,
    lending.feature,
    notices.feature,
)
