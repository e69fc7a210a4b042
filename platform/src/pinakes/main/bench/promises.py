"""500 kills -9 of worker, API and PostgreSQL under load: nothing may be lost. Takes ten minutes."""

import asyncio

from pinakes.main.bench import serving
from pinakes.main.bench.ground import ground
from pinakes.main.bench.report import Report, Result
from pinakes.main.bench.scene import HOME, LENDER, scene
from pinakes.main.bench.storm import Stage, Tally, Victim, storm

KILLS = 500


def run() -> Report:
    """Let it storm, then look for every acknowledged loan and return."""
    with ground() as place:
        cards, barcodes = asyncio.run(scene(place.postgres))
        with serving.api(place.settings) as api, serving.worker(place.settings) as worker:
            often: list[Victim] = [place.postgres] * 4  # it starts in a second
            victims: list[Victim] = [worker, *often, api, *often]
            headers = {"Authorization": f"Bearer {place.token('desk@lender')}"}
            stage = Stage(
                place.postgres,
                api,
                worker,
                headers,
                LENDER,
                "lender",
                HOME,
                cards,
                barcodes,
                victims,
            )
            tally = asyncio.run(storm(stage, KILLS))
    return told(tally)


def told(tally: Tally) -> Report:
    """The figures of a storm."""
    wrong = Result(
        metric="promises_broken",
        value=len(tally.wrong),
        must=0,
        goal=0,
        better="lower",
        unit="kinds",
    )
    return Report(
        bench="promises",
        results=[
            wrong,
            Result(metric="kills", value=tally.kills, must=KILLS, goal=KILLS, unit="kills"),
        ],
        facts={
            "acknowledged_loans": len(tally.lent),
            "acknowledged_returns": len(tally.returned),
            "unanswered": tally.unanswered,
            "wrong": tally.wrong,
        },
    )
