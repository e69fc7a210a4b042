"""One reader is one person in the federation; cards and memberships point to the person."""

from pinakes.platform.feature import Feature
from pinakes.tenants.readers.belongings import BELONGINGS
from pinakes.tenants.readers.events import HistoryChosen, ReaderLeft, VisitBegan, VisitEnded
from pinakes.tenants.readers.graphql import ReaderQueries
from pinakes.tenants.readers.importing import KIND
from pinakes.tenants.readers.jobs import import_readers
from pinakes.tenants.readers.listeners import forget, heed, part, remember
from pinakes.tenants.readers.pages import MyCardPages
from pinakes.tenants.readers.routes import Cards, Consents, Me, Readers
from pinakes.tenants.readers.tables import Tables

feature = Feature(
    name="readers",
    routes=[Readers, Cards, Consents, Tables],
    common=[Me],
    pages=[MyCardPages],
    entrance=[MyCardPages],
    templates=__name__,
    queries=[ReaderQueries],
    listeners=[
        (VisitBegan, remember),
        (VisitEnded, forget),
        (ReaderLeft, part),
        (HistoryChosen, heed),
    ],
    jobs=[(KIND, import_readers)],
    functions=__name__,
    belongings=BELONGINGS,
)
