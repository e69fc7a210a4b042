"""The door for mail of other cells: no token opens it, but a registered cell's signature."""

from logging import getLogger
from typing import Any

from litestar import Controller, Request, post
from litestar.datastructures import State

from pinakes.federation.abroad.receiving import refuse_turned_back, runs_of
from pinakes.federation.abroad.sealing import Sender, opened, read
from pinakes.platform import clock
from pinakes.platform.carrier import apply
from pinakes.platform.db import public_work
from pinakes.platform.errors import Problem
from pinakes.platform.http import Data
from pinakes.platform.outage import is_outage
from pinakes.tenants.readers.misses import Misses
from pinakes.tenants.registry.cells import key_of

log = getLogger(__name__)


class TooMuchMail(Problem):
    """`retry_after` says in how many seconds to come back."""

    code = "too_much_mail"
    status = 429
    title = "Too much mail in one minute"


class LetterNotApplied(Problem):
    code = "letter_not_applied"
    status = 422
    title = "The branch could not act on this letter"


QUOTA = Misses(most=6_000, refusal=TooMuchMail)  # mails of one cell


class Mails(Controller):
    path = "/mail"
    tags = ("abroad",)

    @post(status_code=204)
    async def take(self, request: Request[Any, Any, Any], state: State, database: Data) -> None:
        """Take a mail of another cell, whole or not at all; twice taken, it counts once.

        `Pinakes-Signature` is the hex of an Ed25519 signature over "pinakes mail 1", a newline
        and the body. Only 422 says that a letter itself is at fault.
        """
        body = await request.body()
        async with public_work(database.app) as session:
            key = await key_of(session, read(body, Sender).cell)
        signature = request.headers.get("pinakes-signature", "")
        mail = opened(body, signature, key, state.settings.cell, int(clock.now().timestamp()))
        QUOTA.check(mail.cell, 0)
        QUOTA.count(mail.cell, 0)
        runs = runs_of(mail, state.directory, state.listeners)
        await refuse_turned_back(database, state.directory, mail)
        try:
            await apply(database, state.listeners, runs)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("a letter of another cell failed")
            raise LetterNotApplied("Look into this cell's log, then replay it.") from error
        state.waker.wake()
