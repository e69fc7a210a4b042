"""The menu: every feature of the house, one line each."""

from pinakes.platform.feature import Feature
from pinakes.tenants import readers, registry

FEATURES: tuple[Feature, ...] = (registry.feature, readers.feature)
