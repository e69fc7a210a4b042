"""A bench counts right, says so in one form, and fails when it has to."""

import json
from struct import pack
from typing import Any

import pytest
from click.testing import CliRunner

from pinakes.main.bench import commands, cpu, load
from pinakes.main.bench.paced import Lent
from pinakes.main.bench.report import Report, Result, paired
from pinakes.main.bench.searching import exponent
from pinakes.main.bench.trips import SSL, Frontend


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + pack("!I", 4 + len(body)) + body


START = pack("!II", 8, SSL) + pack("!II", 12, 196608) + b"\0\0\0\0"
TALK = (
    START
    + message(b"P", b"select read_checkout($1)")
    + message(b"S")
    + b"".join(message(kind) for kind in (b"B", b"E", b"S"))
    + message(b"Q", b"COMMIT")
)


@pytest.mark.parametrize("step", [1, 3, 7, len(TALK)])
def test_a_trip_is_a_sync_or_a_simple_query_however_the_bytes_arrive(step: int) -> None:
    frontend = Frontend()
    for at in range(0, len(TALK), step):
        frontend.hear(TALK[at : at + step])
    assert (frontend.trips, frontend.hot, frontend.rest) == (3, True, b"")


def test_a_ratio_is_the_median_of_its_rounds() -> None:
    rounds = [(10.0, 20.0), (30.0, 40.0), (9.0, 10.0)]
    result = paired("m", rounds, must=0.7, goal=0.8, unit="x/s")
    assert (result.value, result.min, result.max) == (0.75, 0.5, 0.9)
    assert (result.ours, result.theirs) == (10.0, 20.0)
    assert result.reached
    assert result.steady


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_growth_is_the_power_of_the_size(power: float) -> None:
    costs = {size: 7 * size**power for size in (10_000, 100_000, 1_000_000)}
    assert exponent(costs) == pytest.approx(power)


def result(**more: Any) -> Result:
    told: dict[str, Any] = {"metric": "m", "value": 1.0, "must": 1.0, "goal": 2.0}
    return Result(**told | more)


@pytest.mark.parametrize(
    ("more", "passes"),
    [
        ({}, True),
        ({"value": 0.9}, False),
        ({"value": 0.9, "better": "lower"}, True),
        ({"value": 1.1, "better": "lower"}, False),
        ({"min": 0.9, "max": 1.2}, True),
        ({"min": 0.5, "max": 1.2}, False),  # too unsteady to tell anything
    ],
)
def test_a_missed_must_fails_the_bench(
    more: dict[str, Any], passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report(bench="checkout", results=[result(**more)])
    monkeypatch.setattr("pinakes.main.bench.checkout.run", lambda: report)
    done = CliRunner().invoke(commands.bench, ["checkout", "--json"])
    assert done.exit_code == (0 if passes else 1)
    told = json.loads(done.output)
    keys = {"metric", "value", "must", "goal", "better", "min", "max", "ours", "theirs", "unit"}
    assert told["bench"] == "checkout"
    assert set(told["results"][0]) == keys
    told = CliRunner().invoke(commands.bench, ["checkout"]).output
    assert told.startswith("ok" if passes else "MISSED")


def test_every_request_of_the_load_lends_another_item() -> None:
    order = load.Order(port=1, token="t", branches=3, readers=100, first=50, seconds=1)
    sent = {load.request(order, client, n) for client in range(8) for n in range(1, 40)}
    items = {(words.split(b"/")[3], words.rpartition(b'"barcode":')[2]) for words in sent}
    assert len(items) == 8 * 39


def test_what_was_lent_is_told_apart_by_when_it_was_asked_for() -> None:
    lent = Lent(began=100.0, rate=10, took=[5.0] * 40 + [1.0] * 30 + [9.0] * 30)
    spans = [(100.0, 104.0), (104.0, 107.0), (107.0, 110.0)]
    assert [lent.p95(*span) for span in spans] == [5.0, 1.0, 9.0]
    assert lent.p95() == 9.0


def test_processor_time_grows_with_work() -> None:
    before = cpu.spent(1)
    assert before > 0
    assert cpu.tree(1)[0] == 1
