"""What a bench found: ratios of two sides, taken side by side in one run."""

import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Literal

import msgspec
from msgspec import Struct

STEADY = 2.0  # times that the largest ratio may be the smallest; past it the run tells nothing

type Better = Literal["higher", "lower"]


class Result(Struct, kw_only=True):
    """One figure; *ours* and *theirs* are the medians that a ratio was made of."""

    metric: str
    value: float
    must: float
    goal: float
    better: Better = "higher"
    min: float | None = None
    max: float | None = None
    ours: float | None = None
    theirs: float | None = None
    unit: str = "ratio"

    @property
    def reached(self) -> bool:
        return self.beats(self.must)

    @property
    def steady(self) -> bool:
        return not (self.min and self.max) or self.max <= STEADY * self.min

    def beats(self, mark: float) -> bool:
        return self.value >= mark if self.better == "higher" else self.value <= mark


class Report(Struct, kw_only=True):
    """All figures of one bench, and what else is worth knowing."""

    bench: str
    results: Sequence[Result]
    facts: Mapping[str, Any] = {}

    @property
    def passed(self) -> bool:
        return all(result.reached and result.steady for result in self.results)


def paired(
    metric: str, rounds: Sequence[tuple[float, float]], *, must: float, goal: float, unit: str
) -> Result:
    """The median of (ours / theirs) over the rounds, each taken at nearly the same moment."""
    ratios = [ours / theirs for ours, theirs in rounds]
    return Result(
        metric=metric,
        value=round(median(ratios), 3),
        must=must,
        goal=goal,
        min=round(min(ratios), 3),
        max=round(max(ratios), 3),
        ours=round(median(ours for ours, _ in rounds), 1),
        theirs=round(median(theirs for _, theirs in rounds), 1),
        unit=unit,
    )


def show(report: Report, *, as_json: bool) -> None:
    """Print it for programs or for people."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return
    for result in report.results:
        verdict = "ok" if result.reached and result.steady else "MISSED"
        spread = f" [{result.min}-{result.max}]" if result.min is not None else ""
        sides = f"  {result.ours} : {result.theirs} {result.unit}" if result.theirs else ""
        sys.stdout.write(
            f"{verdict:6}  {result.metric} = {result.value}{spread}"
            f"  (must {result.must}, goal {result.goal}){sides}\n"
        )
    for name, fact in report.facts.items():
        sys.stdout.write(f"        {name}: {fact}\n")
