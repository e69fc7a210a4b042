"""Circulation: items go out to readers, are kept longer, and come back."""

from pinakes.platform.feature import Feature
from pinakes.tenants.circulation.belongings import BELONGINGS
from pinakes.tenants.circulation.history import cut_old
from pinakes.tenants.circulation.pages import DeskPages
from pinakes.tenants.circulation.routes import Loans, Returns

feature = Feature(
    name="circulation",
    routes=[Loans, Returns],
    pages=[DeskPages],
    templates=__name__,
    chores=[cut_old],
    functions=__name__,
    belongings=BELONGINGS,
)
