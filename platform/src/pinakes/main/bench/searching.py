"""Search over a million titles: against PostgreSQL's full text, over HTTP, and how it grows."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import mean, median, quantiles
from typing import Any

from pinakes.federation.discovery.index import Index
from pinakes.federation.discovery.query import Consortium, Query
from pinakes.main.bench import fresh, judging, rate, serving, shelving, yardstick
from pinakes.main.bench.ground import Ground, ground
from pinakes.main.bench.questions import beginnings, paths, strings, two_words
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.titles import BROAD, BROAD_ENGLISH
from pinakes.platform.config import Settings

ROUNDS = 5
PASSES, OFTEN = 3, 5  # through all words in a round, and ours for each of theirs: it is shorter
SECONDS = 6.0
RATE = 100.0
TYPING = 20.0  # suggestions a second
PLACE = Consortium(1)


def run() -> Report:
    """Everything; about four minutes the first time, two later: the built index is kept."""
    began = time.monotonic()
    with ExitStack() as stack:
        place = stack.enter_context(ground())
        looked_for = strings()
        truth, there = shelving.shelve(place.postgres, place.settings.search, looked_for)
        ready = time.monotonic()
        index = Index(place.settings.search)
        results = [asyncio.run(broad(place, index)), recall(index, looked_for, truth)]
        grown, beside = growth(place.settings)
        results += [*grown, judging.ndcg()]
        api = stack.enter_context(serving.api(place.settings))
        echo = stack.enter_context(serving.api(place.settings, app="pinakes.main.bench.echo:app"))
        results += [http(api.port, echo.port), suggestions(api.port)]
        second = p95(rate.measured(rate.Order(api.port, paths("facets", 60), TYPING)))
        stack.enter_context(serving.worker(place.settings))
        results.append(fresh.seconds(place, api.port))
    facts = {
        "titles": shelving.SIZES[-1],
        "index": "kept from an earlier run" if there else "built in this run, two processes",
        "set_up_seconds": round(ready - began),
        "run_seconds": round(time.monotonic() - began),
        "second_facets_p95_ms": round(second, 1),
        **beside,
    }
    return Report(bench="search", results=results, facts=facts)


def p95(latencies: Sequence[float]) -> float:
    return quantiles(latencies, n=20)[-1]


def lower(metric: str, value: float, must: float, goal: float, unit: str, **more: Any) -> Result:
    figure = round(value, 3)
    return Result(
        metric=metric, value=figure, must=must, goal=goal, better="lower", unit=unit, **more
    )


def milliseconds(index: Index, asked: str) -> float:
    began = time.perf_counter()
    index.search(Query(within=PLACE, text=asked))
    return (time.perf_counter() - began) * 1000


def spent(index: Index, asked: str) -> float:
    """Milliseconds of processor time."""
    began = time.process_time()
    index.search(Query(within=PLACE, text=asked))
    return (time.process_time() - began) * 1000


async def broad(place: Ground, index: Index) -> Result:
    """Words that many titles have: theirs over ours, the mean of all of them in each round."""
    words = [*BROAD, *BROAD_ENGLISH]
    rounds: list[tuple[float, float]] = []
    async with yardstick.asking(place.postgres) as theirs:
        for _ in range(ROUNDS + 1):
            both = [
                (await theirs(word), mean(milliseconds(index, word) for _ in range(OFTEN)))
                for word in words * PASSES
            ]
            rounds.append((mean(one for one, _ in both), mean(one for _, one in both)))
    return paired("broad_vs_tsvector", rounds[1:], must=5, goal=50, unit="ms (theirs : ours)")


def recall(index: Index, looked_for: Sequence[str], truth: Sequence[int]) -> Result:
    """What a plain scan of every title finds and the index too, and nothing else."""
    shares: list[float] = []
    for string, held in zip(looked_for, truth, strict=True):
        found = index.search(Query(within=PLACE, text=string), facets=False)
        total = 0 if found.nearly else found.total
        shares.append(min(total, held) / max(total, held))
    return Result(
        metric="two_character_recall", value=round(mean(shares), 6), must=1, goal=1, unit="share"
    )


def growth(settings: Settings) -> tuple[list[Result], dict[str, float]]:
    """How a search grows with the titles, as the exponent of its processor time.

    The bars are for the middle one of the words, each at its best: a latency would tell of the
    machine as well. Beside them, without a bar, the exponent of the words' 95th percentile.
    """
    last = shelving.SIZES[-1]
    names = {n: settings.search if n == last else named(settings, n) for n in shelving.SIZES}
    indexes = {size: Index(folder) for size, folder in names.items()}
    results: list[Result] = []
    beside: dict[str, float] = {}
    for name, words, must in (
        ("broad_growth", [*BROAD, *BROAD_ENGLISH], 0.9),
        ("two_word_growth", two_words(), 0.3),
    ):
        times = {size: best(index, words) for size, index in indexes.items()}
        middle = exponent({size: median(took) for size, took in times.items()})
        results.append(lower(name, middle, must, must / 2, "exponent"))
        beside[f"{name}_p95"] = round(exponent({n: p95(took) for n, took in times.items()}), 3)
    return results, beside


def named(settings: Settings, size: int) -> Path:
    return settings.search.with_name(f"search-{size}")


def best(index: Index, words: Sequence[str]) -> list[float]:
    """The least processor time that each word took."""
    rounds = [[spent(index, word) for word in words] for _ in range(ROUNDS)]
    return [min(one) for one in zip(*rounds, strict=True)]


def exponent(costs: Mapping[int, float]) -> float:
    """The slope of a straight line through the logarithms of sizes and what they cost."""
    xs, ys = [math.log(size) for size in costs], [math.log(cost) for cost in costs.values()]
    middle, height = mean(xs), mean(ys)
    slope = sum((x - middle) * (y - height) for x, y in zip(xs, ys, strict=True))
    return slope / sum((x - middle) ** 2 for x in xs)


def http(port: int, echo: int) -> Result:
    """The p95 of a search over that of an echo, both at 100 a second."""
    draw = Random(2)  # noqa: S311 (the same questions in every run)
    count = int(RATE * SECONDS)
    asked = paths("search", count * ROUNDS)
    told = [f"/echo?q={draw.random()}" for _ in range(count)]
    rate.measured(rate.Order(port, asked[: count // 2], RATE))  # what is asked first warms up
    rounds: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        mine = asked[number * count : (number + 1) * count]
        ours = p95(rate.measured(rate.Order(port, mine, RATE)))
        rounds.append((ours, p95(rate.measured(rate.Order(echo, told, RATE)))))
    ratio = paired("http_vs_echo", rounds, must=6, goal=3, unit="ms (p95)")
    ratio.better = "lower"
    return ratio


def suggestions(port: int) -> Result:
    """What comes while somebody types."""
    latencies = rate.measured(rate.Order(port, beginnings(200), TYPING))
    return lower("suggestions_p95", p95(latencies), 50, 25, "ms")
