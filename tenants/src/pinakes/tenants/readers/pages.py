"""A reader's cards in the browser: which there are, and the button for a lost one."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import URLEncodedBody

from pinakes.platform.db import Database
from pinakes.platform.directory import Directory
from pinakes.platform.http import Asker, Data
from pinakes.platform.identity import Principal
from pinakes.platform.language import later
from pinakes.platform.pages import page
from pinakes.tenants.readers import lost
from pinakes.tenants.readers.machine import CardState
from pinakes.tenants.readers.schemas import Show

STATES = {
    CardState.ACTIVE: later("Valid"),
    CardState.LOST: later("Reported lost"),
    CardState.REPLACED: later("Replaced by another card"),
    CardState.EXPIRED: later("Expired"),
}

Call = Request[Any, Any, Any]


class MyCardPages(Controller):
    path = "/me/cards"
    include_in_schema = False

    @get("/")
    async def show(self, request: Call, asker: Asker, database: Data) -> Response[str]:
        """My cards, of all branches."""
        return await shown(request, asker, database)

    @post("/lost", status_code=200)
    async def lose(
        self, request: Call, asker: Asker, database: Data, data: URLEncodedBody[Show]
    ) -> Response[str]:
        """One of them is lost."""
        card = await lost.report(database, request.app.state.directory, asker, data)
        return await shown(request, asker, database, reported=card.number)


async def shown(
    request: Call, asker: Principal, database: Database, reported: str | None = None
) -> Response[str]:
    directory: Directory = request.app.state.directory
    held = await lost.mine(database, directory, asker)
    return page(
        request,
        "readers/cards.html",
        cards=[(card, directory.codes[card.issuer]) for card in held],
        states=STATES,
        reported=reported,
    )
