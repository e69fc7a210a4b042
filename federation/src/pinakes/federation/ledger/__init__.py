"""The ledger: what branches promise one another, in a log that nobody can rewrite unseen."""

from pinakes.federation.ledger.routes import Ledger, OwnLedger
from pinakes.federation.ledger.sequencer import keep_ledger
from pinakes.platform.feature import Feature

feature = Feature(
    name="ledger",
    routes=[OwnLedger],
    common=[Ledger],
    functions=__name__,
    duties=[keep_ledger],
)
