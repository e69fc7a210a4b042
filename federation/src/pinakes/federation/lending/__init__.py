"""Lending between branches: a request and its three parties, each with a machine of its own."""

from pinakes.federation.holds.events import CopyFree
from pinakes.federation.lending import hearing, listeners, recalling, views
from pinakes.federation.lending.arrivals import ArrivalPages, Arrivals
from pinakes.federation.lending.ask_pages import AskedPages, AskPages, DeskAskPages
from pinakes.federation.lending.astray import give_up_late
from pinakes.federation.lending.astray_pages import Astray, AstrayPages
from pinakes.federation.lending.belongings import BELONGINGS
from pinakes.federation.lending.events import (
    ItemArrived,
    ItemSeen,
    OthersWait,
    PartyTold,
    SayAgain,
    SeenAnswered,
    ViewsAsked,
    ViewsDiffer,
    WaitChanged,
)
from pinakes.federation.lending.graphql import LendingQueries
from pinakes.federation.lending.meant_pages import MeantPages
from pinakes.federation.lending.pages import LendingPages, MyRequestPages
from pinakes.federation.lending.parcels import ParcelPages
from pinakes.federation.lending.privacy import cut_old
from pinakes.federation.lending.repairs import RepairPages, Repairs
from pinakes.federation.lending.request_pages import RequestPages
from pinakes.federation.lending.routes import MyRequests, Requests, Scans, Worklists
from pinakes.federation.lending.timers import ring
from pinakes.platform.feature import Feature
from pinakes.platform.messages import Together
from pinakes.tenants.circulation.events import KeptLent, KeptReturned
from pinakes.tenants.readers.events import MayBorrow

HEARD = Together(listeners.heard, lean=hearing.heard)

feature = Feature(
    name="lending",
    routes=[Requests, Repairs, Scans, Worklists, Arrivals, Astray],
    common=[MyRequests],
    pages=[
        LendingPages,
        ParcelPages,
        RequestPages,
        RepairPages,
        ArrivalPages,
        AstrayPages,
        MyRequestPages,
        AskPages,
        AskedPages,
        DeskAskPages,
        MeantPages,
    ],
    templates=__name__,
    queries=[LendingQueries],
    listeners=[
        (PartyTold, HEARD),
        (CopyFree, HEARD),
        (WaitChanged, listeners.wait_changed),
        (KeptLent, HEARD),
        (KeptReturned, HEARD),
        (MayBorrow, listeners.may_borrow),
        (OthersWait, recalling.others_wait),
        (ItemSeen, listeners.item_seen),
        (ItemArrived, listeners.item_arrived),
        (SeenAnswered, listeners.seen_answered),
        (ViewsAsked, views.asked),
        (ViewsDiffer, views.differ),
        (SayAgain, views.say_again),
    ],
    chores=[cut_old, give_up_late, views.forget_asked],
    duties=[ring],
    functions=__name__,
    belongings=BELONGINGS,
)
