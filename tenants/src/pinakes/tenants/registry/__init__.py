"""The tree of branches: who they are, where they stand, how they come and go."""

from pinakes.platform.feature import Feature
from pinakes.tenants.registry.keys import defaults

feature = Feature(name="registry", functions=__name__, facts=defaults)
