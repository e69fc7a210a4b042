"""The pages that readers meet first: how soon they come, and how soon everything is up."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import msgspec

from pinakes.main.bench.report import Better, Report, Result
from pinakes.main.embedded.ground import open_folder
from pinakes.platform.running import running

RECORDS = 20_000
RATE = 10  # requests a second, whatever becomes of those before
SECONDS = 20
PATIENCE = 240  # seconds until all is indexed
STRIDE = 4000  # titles between two looks at some
BRANCH = "bench"


def run() -> Report:
    """Start everything, load a catalogue, open pages; about two minutes."""
    with open_folder("pinakes-bench-") as folder, up(folder) as ready:
        data = Path(folder) / "data"
        named = ("--kind", "hub", "--name-en", "Bench")
        pinakes("tenant", "create", BRANCH, *named, "--data", data)
        began = time.monotonic()
        load(Path(folder) / "books.mrc", data)
        loaded = time.monotonic() - began
        address = running(data)["settings"]["PINAKES_ADDRESS"]
        search, record = asyncio.run(visit(address))
    results = [
        figure("search_page_p95", search, must=100, goal=50),
        figure("record_page_p95", record, must=100, goal=50),
        figure("up_seconds", ready, must=15, goal=8, unit="s"),
    ]
    facts = {"records": RECORDS, "rate": RATE, "import_records_per_s": round(RECORDS / loaded)}
    return Report(bench="pages", results=results, facts=facts)


def figure(metric: str, value: float, *, must: float, goal: float, unit: str = "ms") -> Result:
    lower: Better = "lower"
    return Result(
        metric=metric, value=round(value, 1), must=must, goal=goal, better=lower, unit=unit
    )


@contextmanager
def up(folder: Path) -> Generator[float]:
    """``pinakes up`` in a folder of its own; how many seconds it took."""
    folder.chmod(0o711)  # the database server runs as somebody else
    began = time.monotonic()
    command = [sys.executable, "-m", "pinakes.main", "up", "--data", str(folder / "data")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        for line in process.stdout:
            if "is ready" in line:
                break
        yield time.monotonic() - began
    finally:
        process.terminate()
        process.communicate(timeout=60)


def pinakes(*words: object) -> None:
    """Run one of our own commands."""
    command = [sys.executable, "-m", "pinakes.main", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def load(file: Path, data: Path) -> None:
    """A made-up catalogue into the branch."""
    pinakes("demo", "marc", file, "--records", RECORDS)
    pinakes("catalogue", "import", file, "--branch", BRANCH, "--data", data, "--json")


async def visit(address: str) -> tuple[float, float]:
    """p95 of the search page and of the record page, in milliseconds."""
    chance = random.Random(1)  # noqa: S311 (the same questions in every run)
    async with httpx.AsyncClient(base_url=address, timeout=30) as browser:
        titles = await indexed(browser)
        words = [title["title"].split()[0][: chance.choice((2, 3, 4))] for title in titles]
        search = await at_a_rate(browser, lambda: f"/catalogue/search?q={chance.choice(words)}")
        ids = [title["id"] for title in titles]
        record = await at_a_rate(browser, lambda: f"/catalogue/{chance.choice(ids)}")
    return search, record


async def indexed(browser: httpx.AsyncClient) -> Sequence[dict[str, Any]]:
    """Some titles, as soon as they can be found (a few share a number, and so an edition)."""
    titles: list[dict[str, Any]] = []
    for _ in range(PATIENCE):
        if (await ask(browser, 0))["total"] >= 0.99 * RECORDS:
            break
        await asyncio.sleep(1)
    for offset in range(0, RECORDS // 2, STRIDE):
        titles += (await ask(browser, offset))["items"]
    return titles


async def ask(browser: httpx.AsyncClient, offset: int) -> dict[str, Any]:
    answer = await browser.get("/v1/catalogue/search", params={"limit": 100, "offset": offset})
    found: dict[str, Any] = msgspec.json.decode(answer.raise_for_status().content)
    return found


async def at_a_rate(browser: httpx.AsyncClient, page: Callable[[], str]) -> float:
    """Open a page at each tick, not waiting for the one before; the 95th of 100 latencies."""
    began = time.monotonic()

    async def open_at(moment: float) -> float:
        await asyncio.sleep(began + moment - time.monotonic())
        (await browser.get(page())).raise_for_status()
        return (time.monotonic() - began - moment) * 1000

    ticks = [tick / RATE for tick in range(RATE * SECONDS)]
    return quantiles(await asyncio.gather(*map(open_at, ticks)), n=20)[-1]
