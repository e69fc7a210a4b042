"""Notices to readers, sent by their home: stored once, sent once, in the branch's words."""

from pinakes.federation.lending.events import ReaderConcerned
from pinakes.federation.notices.belongings import BELONGINGS
from pinakes.federation.notices.duties import look_ahead, send
from pinakes.federation.notices.listeners import answered, called_back, concerned
from pinakes.federation.notices.pages import NoticePages
from pinakes.federation.notices.routes import MyNotices, NoticeHook, Notices
from pinakes.federation.notices.service import forget_old
from pinakes.platform.feature import Feature
from pinakes.tenants.catalogue.events import MistakeAnswered
from pinakes.tenants.circulation.events import LoanRecalled

feature = Feature(
    name="notices",
    routes=[Notices, NoticeHook],
    common=[MyNotices],
    pages=[NoticePages],
    templates=__name__,
    listeners=[
        (ReaderConcerned, concerned),
        (MistakeAnswered, answered),
        (LoanRecalled, called_back),
    ],
    chores=[look_ahead, forget_old],
    duties=[send],
    belongings=BELONGINGS,
)
