"""What befalls a request, or comes of a report, as a notice to its reader."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.federation.lending.events import ReaderConcerned
from pinakes.federation.loans.service import lent_by
from pinakes.federation.notices.service import Telling, tell
from pinakes.federation.notices.wording import Facts
from pinakes.platform.messages import Message
from pinakes.tenants.catalogue.events import MistakeAnswered
from pinakes.tenants.circulation.events import LoanRecalled

KIND_OF: Mapping[str, str] = {
    # as the state model names it; of being overdue the loan itself tells, see duties.py
    "Ready": "ready",
    "Uncollected": "expired",
    "Gone": "gone",
    "CompletedWithoutReturn": "gone",
    "aged": "unfilled",
    "close": "unfilled",
    "unreviewed": "unfilled",
    "invalid": "barred",
    "CopyCompleted": "copy",
    "Conditional": "condition",
    "RenewNo": "not_renewed",
    "Recalled": "recalled",
}


async def concerned(session: AsyncSession, event: ReaderConcerned, message: Message) -> None:
    """Store a notice, where there are words for what happened; the same thing twice is one."""
    kind = KIND_OF.get(event.happened)
    if kind is None or message.sender != message.receiver:
        return
    told = event.facts
    facts = Facts(
        title=told.get("title", ""),
        pickup=told.get("pickup_code", ""),
        until=told.get("collect_by"),
        due=told.get("due"),
    )
    await tell(
        session,
        Telling(
            kind=kind,
            about=event.about,
            occasion=f"{event.attempt}/{event.step}",
            person=event.person,
            facts=facts,
        ),
    )


async def answered(session: AsyncSession, event: MistakeAnswered, message: Message) -> None:
    """Let our reader hear what has become of a mistake that he or she had reported anywhere."""
    wish = Telling(
        kind="corrected" if event.corrected else "left",
        about=event.about,
        occasion="",
        person=event.person,
        facts=Facts(title=event.title, answer=event.answer),
    )
    await tell(session, wish)


async def called_back(session: AsyncSession, event: LoanRecalled, message: Message) -> None:
    """Others wait for what a reader of ours has from a branch: the reader is asked for it."""
    if not await lent_by(session, event.loan, message.sender):
        return
    due = int(event.due_at.timestamp())
    await tell(
        session,
        Telling(
            kind="recalled",
            about=event.loan,
            occasion=str(due),
            person=event.about,
            facts=Facts(title=event.title, due=due),
        ),
    )
