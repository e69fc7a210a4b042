"""Notices in the browser: those that a person has to look at."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from pinakes.federation.notices import service
from pinakes.federation.notices.machine import Action, State
from pinakes.federation.notices.models import Notice
from pinakes.federation.notices.schemas import NoticeView
from pinakes.platform.errors import NotFound
from pinakes.platform.http import Here, Session
from pinakes.platform.language import later
from pinakes.platform.pages import page
from pinakes.platform.paging import After, newest
from pinakes.tenants.readers.looking import names
from pinakes.tenants.registry.noticing import KINDS

MOST = 100
OPEN = (State.UNSURE, State.FAILED, State.WAITING, State.SENDING)
STATES = {
    State.WAITING: later("Waits"),
    State.SENDING: later("Being sent"),
    State.FAILED: later("Not sent"),
    State.UNSURE: later("Sent or not: nobody knows"),
}
ACTS = {Action.RETRY: later("Send it again"), Action.DISMISS: later("Have done with it")}
REASONS = {  # of others the code says enough
    "address_refused": later("The address leads into a private network"),
    "http_no_answer": later("Sent, but nobody answered"),
    "interrupted": later("We broke off while it was being sent"),
    "name_unknown": later("Nobody knows the address"),
    "no_address": later("The reader has no e-mail address"),
    "no_mail_server": later("No mail server is set up"),
    "no_webhook": later("The webhook has been taken away"),
    "not_wanted": later("The reader wants no notices"),
    "reader_left": later("The reader has left"),
    "smtp_connection": later("The mail server does not answer"),
    "smtp_cut_off": later("The mail server broke off while it was being sent"),
    "too_old": later("It waited for too long"),
}
CHANNELS = {"email": later("E-mail"), "webhook": later("Webhook")}

Call = Request[Any, Any, Any]


class NoSuchAct(NotFound):
    code = "no_such_act"
    title = "A notice is sent again or dismissed"


class NoticePages(Controller):
    path = "/notices"
    include_in_schema = False

    @get("/")
    async def show(
        self, request: Call, session: Session, after: FromQuery[After] = None
    ) -> Response[str]:
        """What has not gone, or may not have."""
        rows = service.listed(OPEN)
        shown = await newest(session, rows, Notice.id, NoticeView.of, after=after, limit=MOST)
        return page(
            request,
            "notices/list.html",
            notices=shown.items,
            next=shown.next,
            names=await names(session, {one.person for one in shown.items}),
            reasons=REASONS,
            kinds=KINDS,
            states=STATES,
            acts=ACTS,
            channels=CHANNELS,
        )

    @post("/{id:uuid}/{act:str}")
    async def act(
        self, id: FromPath[UUID], act: FromPath[str], session: Session, here: Here
    ) -> Response[Any]:
        """A button beside one of them."""
        if act not in {Action.RETRY, Action.DISMISS}:
            raise NoSuchAct(later("Use the buttons of the page."))
        await service.act(session, id, Action(act))
        return Redirect(f"/b/{here.code}/notices", status_code=303)
