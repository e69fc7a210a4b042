"""The tree of branches: who they are, where they stand, how they come and go."""

from pinakes.platform.feature import Feature
from pinakes.tenants.registry.belongings import BELONGINGS
from pinakes.tenants.registry.graphql import BranchQueries
from pinakes.tenants.registry.keys import defaults
from pinakes.tenants.registry.routes import Below, Branches, Tenants
from pinakes.tenants.registry.setting_routes import Settings

feature = Feature(
    name="registry",
    routes=[Below, Settings],
    common=[Tenants, Branches],
    queries=[BranchQueries],
    functions=__name__,
    facts=defaults,
    belongings=BELONGINGS,
)
