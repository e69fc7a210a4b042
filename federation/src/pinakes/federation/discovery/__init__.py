"""Finding: the public catalogue of all branches, and the search over it."""

from pinakes.federation.discovery.belongings import BELONGINGS
from pinakes.federation.discovery.copy_pages import CopyPages
from pinakes.federation.discovery.graphql import DiscoveryQueries
from pinakes.federation.discovery.indexing import keep_index
from pinakes.federation.discovery.meeting_routes import Meetings
from pinakes.federation.discovery.pages import CataloguePages
from pinakes.federation.discovery.placing import TitlePages
from pinakes.federation.discovery.publishing import items_changed, records_changed
from pinakes.federation.discovery.routes import BranchSearch, Search
from pinakes.platform.feature import Feature
from pinakes.tenants.catalogue.events import RecordsChanged
from pinakes.tenants.items.events import ItemsChanged

feature = Feature(
    name="discovery",
    routes=[BranchSearch, Meetings],
    common=[Search],
    pages=[CataloguePages, CopyPages, TitlePages],
    entrance=[CataloguePages, CopyPages],
    templates="pinakes.federation.discovery",
    functions=__name__,
    queries=[DiscoveryQueries],
    listeners=[(RecordsChanged, records_changed), (ItemsChanged, items_changed)],
    duties=[keep_index],
    belongings=BELONGINGS,
)
