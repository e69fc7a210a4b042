"""The catalogue of one branch: its records, how they come in, and what could not be read."""

from pinakes.platform.feature import Feature
from pinakes.tenants.catalogue import models  # noqa: F401  (so that the tables are known)

feature = Feature(name="catalogue")
