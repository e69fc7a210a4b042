"""Until when the next step of a request is waited for, as its reader's home knows."""

from pinakes.federation.lending.model import model
from pinakes.federation.lending.party import DAY
from pinakes.federation.lending.rows import Found

AWAITED = {"unanswered", "undecided", "unreviewed", "unshipped"}  # timers of the home
ON_ITS_WAY, NEVER_ARRIVED = "SHIPPED", "never_arrived"


def expected_by(found: Found) -> int | None:
    """In seconds since 1970: then the home goes on without it; None where no clock of it runs.

    The clock of a book that is on its way runs at the branch where it is to arrive, from the
    moment when that has heard of it: about when the home has.
    """
    party = found.party
    if party.over or "dropped" in party.flags:
        return None
    if party.state == ON_ITS_WAY:
        days: float = model(party.model).timers[NEVER_ARRIVED][party.service]
        since = party.facts.get("since")
        if since is None and found.since is not None:  # a row from before steps left that fact
            since = found.since.timestamp()
        return None if since is None else int(since + days * DAY)
    return party.alarm_at if party.alarm in AWAITED else None
