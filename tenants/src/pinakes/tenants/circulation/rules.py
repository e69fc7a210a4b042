"""May this be lent, may it be kept longer? Every answer names the rule that fired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pinakes.platform.errors import Conflict
from pinakes.tenants.circulation.calendar import Calendar
from pinakes.tenants.items.machine import Status
from pinakes.tenants.readers.machine import Bar, CardState, State
from pinakes.tenants.registry.keys import ANY, LoanRule

NONE = LoanRule(days=0, renewals=0)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that the rules ask about one reader and one item, in one branch, at one moment."""

    now: datetime
    calendar: Calendar
    item_kind: str
    item_status: str = Status.ON_SHELF
    card_state: str = CardState.ACTIVE
    reader_kind: str = "adult"
    blocks: Sequence[str] = ()  # what keeps the reader from borrowing, as the home branch says
    membership: str | None = None  # in this branch; None before the first visit
    loans_left: int = 1  # by the home branch's count, less what it has not heard of yet
    open_here: int = 0
    open_of_kind: int = 0  # of them, items of this kind
    most_here: int = 10
    terms: Sequence[LoanRule] = ()
    renewals: int = 0  # so far
    due_at: datetime | None = None  # so far
    back_by: datetime | None = None  # its owner, another branch, wants it back by then

    @cached_property
    def term(self) -> LoanRule:
        """The term that fits best: an item's kind tells more than a reader's, any is the last."""
        fitting = [
            term
            for term in self.terms
            if term.item in (self.item_kind, ANY) and term.reader in (self.reader_kind, ANY)
        ]
        return max(fitting, key=lambda term: (term.item != ANY, term.reader != ANY), default=NONE)

    @cached_property
    def due(self) -> datetime:
        """When the item has to be back if it is lent, or renewed, now."""
        due = self.calendar.due(self.now, self.term.days)
        return due if self.back_by is None else min(due, self.back_by)

    @property
    def open_under_term(self) -> int:
        return self.open_here if self.term.item == ANY else self.open_of_kind


class LoanRefused(Conflict):
    """A rule said no; its name is the code."""

    code = "loan_refused"
    title = "This cannot be lent"


class CardNotValid(LoanRefused):
    code = "card_not_valid"
    title = "This card is lost, replaced or expired"


class ReaderExpired(LoanRefused):
    code = "reader_expired"
    title = "The reader's membership has ended"


class ReaderBlocked(LoanRefused):
    code = "reader_blocked"
    title = "The reader may not borrow at present"


class ItemNotAvailable(LoanRefused):
    code = "item_not_available"
    title = "This item is not on the shelf"


class ItemNotForLoan(LoanRefused):
    code = "item_not_for_loan"
    title = "Readers of this kind do not take items of this kind home"


class LimitOfKind(LoanRefused):
    code = "limit_of_kind_reached"
    title = "The reader has as many items of this kind as the rule allows"


class LimitHere(LoanRefused):
    code = "limit_here_reached"
    title = "The reader has as many items of this branch as it allows"


class LimitEverywhere(LoanRefused):
    code = "limit_everywhere_reached"
    title = "The reader has as many items, in all branches, as the home branch allows"


class RenewalsUsedUp(LoanRefused):
    code = "renewals_used_up"
    title = "This loan has been renewed as often as the rule allows"


class RenewalTooEarly(LoanRefused):
    code = "renewal_too_early"
    title = "A renewal today would not make the loan any longer"


type Check = Callable[[Facts], bool]
type Rules = Mapping[type[LoanRefused], Check]  # the first that holds refuses

BORROWING: Rules = {
    CardNotValid: lambda facts: facts.card_state != CardState.ACTIVE,
    ReaderExpired: lambda facts: Bar.EXPIRED in facts.blocks,
    ReaderBlocked: lambda facts: bool(facts.blocks) or facts.membership == State.BLOCKED,
}
LENDING: Rules = {
    **BORROWING,
    ItemNotAvailable: lambda facts: facts.item_status != Status.ON_SHELF,
    ItemNotForLoan: lambda facts: facts.term.days == 0,
    LimitOfKind: lambda facts: (
        facts.term.limit is not None and facts.open_under_term >= facts.term.limit
    ),
    LimitHere: lambda facts: facts.open_here >= facts.most_here,
    LimitEverywhere: lambda facts: facts.loans_left <= 0,
}
RENEWING: Rules = {
    **BORROWING,
    RenewalsUsedUp: lambda facts: facts.renewals >= facts.term.renewals,
    RenewalTooEarly: lambda facts: facts.due_at is not None and facts.due <= facts.due_at,
}


def judge(rules: Rules, facts: Facts) -> LoanRule:
    """The term that allows it, or the refusal of the first rule that says no."""
    for refusal, holds in rules.items():
        if holds(facts):
            raise refusal(f"{refusal.title}.", **reasons(facts))
    return facts.term


def reasons(facts: Facts) -> dict[str, Any]:
    """What a person at the desk needs to explain a refusal."""
    return {
        "item_status": facts.item_status,
        "blocks": list(facts.blocks),
        "rule": facts.term.name,
        "limit": facts.term.limit,
        "open_here": facts.open_here,
        "renewals": facts.renewals,
    }
