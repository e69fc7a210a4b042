"""The menu: every feature of the house, one line each."""

from functools import partial

from pinakes.federation import abroad, discovery, holds, identity, ledger, lending, loans, notices
from pinakes.main import entrance, jobs
from pinakes.platform.feature import Feature
from pinakes.tenants import catalogue, circulation, items, readers, registry, staff
from pinakes.tenants.catalogue.takein import TAKEIN, run_takein
from pinakes.tenants.catalogue.takeout import TAKEOUT, run_takeout

ROOMS: tuple[Feature, ...] = (
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

BELONGINGS = [one for room in ROOMS for one in room.belongings]

MOVING = Feature(  # what a branch takes along is in all rooms: only here they are all known
    name="moving",
    jobs=[
        (TAKEOUT, partial(run_takeout, belongings=BELONGINGS)),
        (TAKEIN, partial(run_takein, belongings=BELONGINGS)),
    ],
)

FEATURES = (*ROOMS, MOVING)
