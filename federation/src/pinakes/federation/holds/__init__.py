"""Holds: who waits for a title, who is asked for it, and where a returned copy goes."""

from pinakes.federation.holds.belongings import BELONGINGS
from pinakes.federation.holds.chores import keep_terms, let_go, mend
from pinakes.federation.holds.events import SupplyMoved
from pinakes.federation.holds.listeners import (
    shelves_changed,
    supplies_moved,
    supplies_moved_leanly,
)
from pinakes.platform.feature import Feature
from pinakes.platform.messages import Together
from pinakes.tenants.items.events import ItemsChanged

SUPPLIES = Together(supplies_moved, lean=supplies_moved_leanly)

feature = Feature(
    name="holds",
    listeners=[(ItemsChanged, shelves_changed), (SupplyMoved, SUPPLIES)],
    chores=[keep_terms, let_go, mend],
    functions=__name__,
    belongings=BELONGINGS,
)
