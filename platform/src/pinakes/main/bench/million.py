"""A file of a million records: what worker and reader hold at the beginning and at the end."""

import asyncio

from pinakes.main.bench.importing import memory, staged
from pinakes.main.bench.report import Report

RECORDS = 1_000_000


def run() -> Report:
    """Ten minutes, if the machine is quiet."""
    with staged() as stage:
        times = -(-RECORDS // len(stage.originals))
        whole = asyncio.run(stage.branch.bring(stage.file("million.mrc", range(1, times + 1))))
    told = {"records": whole.records, "seconds": round(whole.seconds), "rate": round(whole.rate)}
    return Report(bench="million", results=memory([whole]), facts={"file": stage.name, **told})
