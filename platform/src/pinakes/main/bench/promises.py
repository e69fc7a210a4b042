"""500 kills -9 of worker, API and PostgreSQL under load: nothing may be lost. Takes long."""

from pinakes.main.bench.report import Report, Result
from pinakes.main.torture.play import torture
from pinakes.main.torture.storm import Tally

KILLS = 500


def run() -> Report:
    """Let it storm, then look for every acknowledged loan and return."""
    return told(torture(KILLS))


def told(tally: Tally) -> Report:
    """The figures of a storm."""
    broken = Result(
        metric="promises_broken",
        value=len(tally.wrong),
        must=0,
        goal=0,
        better="lower",
        unit="kinds",
    )
    kills = Result(metric="kills", value=tally.kills, must=KILLS, goal=KILLS, unit="kills")
    return Report(
        bench="promises",
        results=[broken, kills],
        facts={
            "ends": tally.ends,
            "elsewhere": tally.elsewhere,
            "acknowledged_loans": len(tally.lent),
            "acknowledged_returns": len(tally.returned),
            "unanswered": tally.unanswered,
            "wrong": tally.wrong,
        },
    )
