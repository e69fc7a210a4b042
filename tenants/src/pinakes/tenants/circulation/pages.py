"""The desk in the browser: scan a card, scan books, take books back; no script, no mouse."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from pinakes.platform.http import Asker, Data, Here, Session
from pinakes.tenants.circulation.desk import Counter, Form

Call = Request[Any, Any, Any]


async def counter(
    request: Call, here: Here, asker: Asker, database: Data, session: Session
) -> Counter:
    """The counter at which this request stands."""
    return Counter(request, here, asker, database, session)


AtCounter = NamedDependency[Counter]
Sent = URLEncodedBody[Form]


class DeskPages(Controller):
    path = "/desk"
    include_in_schema = False
    dependencies = {"counter": Provide(counter)}

    @get("/")
    async def ready(self, counter: AtCounter) -> Response[str]:
        """Waiting for a reader's card."""
        return await counter.shown()

    @get("/return")
    async def ready_to_return(self, counter: AtCounter) -> Response[str]:
        """Waiting for a book that comes back."""
        counter.mode = "return"
        return await counter.shown()

    @post("/", status_code=200)
    async def scan(self, counter: AtCounter, data: Sent) -> Response[Any]:
        """A card, then books; nothing at all ends with the reader."""
        if not counter.takes(data):
            return Redirect(f"/b/{counter.here.code}/desk", status_code=303)
        if data.card:
            await counter.attempt(counter.lend)
        else:
            data.card = data.scanned
        return await counter.shown()

    @post("/return", status_code=200)
    async def take_back(self, counter: AtCounter, data: Sent) -> Response[Any]:
        """A book comes back."""
        counter.mode = "return"
        if not counter.takes(data):
            return Redirect(f"/b/{counter.here.code}/desk/return", status_code=303)
        await counter.attempt(counter.take_back)
        return await counter.shown()

    @post("/undo", status_code=200)
    async def undo(self, counter: AtCounter, data: Sent) -> Response[str]:
        """Take back what was just lent; the reader stays."""
        counter.takes(data)
        await counter.attempt(counter.take_back)
        return await counter.shown()

    @post("/renew", status_code=200)
    async def renew(self, counter: AtCounter, data: Sent) -> Response[str]:
        """Let the reader keep a book longer."""
        counter.takes(data)
        await counter.attempt(counter.renew)
        return await counter.shown()

    @post("/end", status_code=200)
    async def end(self, counter: AtCounter, data: Sent) -> Response[str]:
        """A book that nobody can give back: the loan is over, the reader stays."""
        counter.takes(data)
        await counter.attempt(counter.end)
        return await counter.shown()
