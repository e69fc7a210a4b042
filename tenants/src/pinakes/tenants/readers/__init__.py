"""One reader is one person in the federation; cards and memberships point to the person."""

from pinakes.platform.feature import Feature
from pinakes.tenants.readers.events import HistoryChosen, ReaderLeft, VisitBegan, VisitEnded
from pinakes.tenants.readers.graphql import ReaderQueries
from pinakes.tenants.readers.listeners import forget, heed, part, remember
from pinakes.tenants.readers.routes import Cards, Consents, Me, Readers

feature = Feature(
    name="readers",
    routes=[Readers, Cards, Consents],
    common=[Me],
    queries=[ReaderQueries],
    listeners=[
        (VisitBegan, remember),
        (VisitEnded, forget),
        (ReaderLeft, part),
        (HistoryChosen, heed),
    ],
    functions=__name__,
)
