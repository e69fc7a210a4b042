"""Renewal: a reader keeps an item longer."""

from uuid import UUID

import msgspec

from pinakes.platform.clock import now
from pinakes.platform.db import to_json
from pinakes.platform.errors import NotFound
from pinakes.tenants.circulation.events import LoanRenewed
from pinakes.tenants.circulation.hot import (
    Answer,
    Connection,
    Desk,
    Row,
    earlier,
    read,
    settle,
)
from pinakes.tenants.circulation.machine import Action, move, state_of
from pinakes.tenants.circulation.policy import calendar, terms, words
from pinakes.tenants.circulation.rules import RENEWING, Facts, judge
from pinakes.tenants.circulation.schemas import LoanView
from pinakes.tenants.readers.rules import blocks_of

READ = "SELECT * FROM read_renewal($1, $2, $3)"
WRITE = "SELECT write_renewal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
OK = 200


class NoSuchLoan(NotFound):
    code = "no_such_loan"
    title = "There is no such loan here"


async def renew(desk: Desk, id: UUID) -> Answer:
    """Let the reader keep the item longer, if the rules allow it; readers only what is theirs."""

    async def attempt(connection: Connection) -> Answer:
        found = await read(connection, READ, desk.here.id, id, desk.key.key)
        return earlier(found) or await prolong(connection, desk, found)

    return await settle(desk, attempt)


async def prolong(connection: Connection, desk: Desk, found: Row) -> Answer:
    """Decide on what was *found*, and write the decision."""
    person = desk.asker.person  # none: staff
    if found.id is None or (person is not None and person != found.person_id):
        raise NoSuchLoan("Neither open nor closed: check the id and the branch.")
    move(state_of(found.returned_at), Action.RENEW)
    facts = facts_of(desk, found)
    term = judge(RENEWING, facts)
    home = desk.directory.ids[found.home_id].code
    view = LoanView.of(found, home, desk.here.zone, rule=term.name)
    view.due_at, view.renewals = facts.due, found.renewals + 1
    answer = Answer(OK, msgspec.json.encode(view))
    await write(connection, desk, found, view, answer)
    return answer


def facts_of(desk: Desk, found: Row) -> Facts:
    """What the rules want to know, out of one row; a home that says nothing lends nothing."""
    return Facts(
        now=now(),
        calendar=calendar(desk.here.zone, found.closed_weekdays, found.closed_days),
        item_kind=found.item_kind,
        reader_kind=found.kind_now or found.reader_kind,
        blocks=blocks_of(bool(found.may_borrow), words(found.blocks or "[]")),
        membership=found.membership,
        terms=terms(found.rules),
        renewals=found.renewals,
        due_at=found.due_at,
        back_by=found.back_by,
    )


async def write(
    connection: Connection, desk: Desk, found: Row, view: LoanView, answer: Answer
) -> None:
    """Loan, message, audit and answer, all or nothing."""
    event = LoanRenewed(
        about=found.person_id, loan=found.id, due_at=view.due_at, renewals=view.renewals
    )
    await connection.fetchval(
        WRITE,
        *desk.opening(answer),
        found.id,
        found.renewals,
        view.due_at,
        found.person_id,
        found.home_id,
        to_json(event),
        *desk.closing(),
    )
