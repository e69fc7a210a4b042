"""My loans: what a home branch's readers have borrowed, in all branches, as far as it has heard."""

from pinakes.federation.loans import listeners
from pinakes.federation.loans.belongings import BELONGINGS
from pinakes.federation.loans.graphql import LoanQueries
from pinakes.federation.loans.pages import MyLoanPages
from pinakes.federation.loans.routes import MyLoans
from pinakes.federation.loans.service import forget_old
from pinakes.platform.feature import Feature
from pinakes.platform.messages import Together
from pinakes.tenants.circulation.events import LoanClosed, LoanOpened, LoanRecalled, LoanRenewed

TOLD = Together(listeners.told, lean=listeners.told_leanly)

feature = Feature(
    name="loans",
    common=[MyLoans],
    pages=[MyLoanPages],
    entrance=[MyLoanPages],
    templates=__name__,
    queries=[LoanQueries],
    listeners=[(kind, TOLD) for kind in (LoanOpened, LoanRenewed, LoanRecalled, LoanClosed)],
    chores=[forget_old],
    functions=__name__,
    belongings=BELONGINGS,
)
