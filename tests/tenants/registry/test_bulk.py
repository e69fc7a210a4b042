"""Many branches from a file, and one by one from the command line."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from commanding import beside
from moving import NUMBERS

from pinakes.main.cli import main
from pinakes.platform.config import Settings
from pinakes.tenants.registry.bulk import CsvRefused, read

HEAD = "code,kind,parent,name_zh,name_en,zone,host,latitude,longitude,admin,consortium"

type Run = Callable[..., Result]


@pytest.fixture
def run(house_settings: Settings) -> Iterator[Run]:
    """The command ``pinakes tenant``."""
    with beside(house_settings):
        yield lambda *words: CliRunner().invoke(main, ["tenant", *map(str, words)])


@pytest.fixture
def hub() -> str:
    return f"hub-{next(NUMBERS)}"


def rows(hub: str) -> list[str]:
    """A hub with three branches in a row below it, and one more."""
    return [
        f"{hub},hub,,中心馆,Hub,,,,,boss,{hub}",
        f"{hub}-p,province,{hub},省馆,Province,,,30.2,120.1,,",
        f"{hub}-c,city,{hub}-p,,City,Europe/Rome,,,,,",
        f'{hub}-x,county,{hub}-c,"馆,分",,,,,,,',
        f"{hub}-d,point,{hub},点,,,,,,,",
    ]


def write(path: Path, lines: list[str]) -> Path:
    file = path / "branches.csv"
    file.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return file


def outcomes(result: Result) -> dict[str, dict[str, Any]]:
    return {line["code"]: line for line in json.loads(result.stdout)["lines"]}


def test_rows_may_come_in_any_order(run: Run, hub: str, tmp_path: Path) -> None:
    lines = rows(hub)
    random.Random(3).shuffle(lines)
    result = run("import", write(tmp_path, lines), "--json")
    assert result.exit_code == 0, result.output
    told = outcomes(result)
    assert {line["result"] for line in told.values()} == {"created"}
    assert told[hub]["admin"] == f"boss@{hub}"
    assert all(line["password"] for line in told.values())
    shown = json.loads(run("show", f"{hub}-x", "--json").stdout)
    assert shown["branch"]["parent"] == f"{hub}-c"
    assert shown["branch"]["name_zh"] == "馆,分"


def test_one_failure_stops_nothing_and_a_second_run_finishes_the_rest(
    run: Run, hub: str, tmp_path: Path
) -> None:
    good, bad = rows(hub), rows(hub)
    bad[2] = bad[2].replace("Europe/Rome", "Europe/Atlantis")
    bad.append(f"{hub}-y,county,{hub}-p,县馆,,,,north,,,")
    bad.append(f"{hub}-z,castle,{hub}-p")
    result = run("import", write(tmp_path, bad), "--json")
    assert result.exit_code == 1
    told = outcomes(result)
    assert [told[f"{hub}-{code}"].get("problem") for code in "pcxdyz"] == [
        None,
        "zone_unknown",
        "parent_unknown",
        None,
        "line_malformed",
        "line_malformed",
    ]
    assert told[f"{hub}-y"]["line"] == 7

    again = run("import", write(tmp_path, good))
    assert again.exit_code == 0, again.output
    *lines, summary = again.stdout.splitlines()
    assert summary == "5 lines, 0 failed"
    assert [line.split(": ")[2].split(",")[0] for line in lines] == [
        "unchanged",
        "unchanged",
        "created",
        "created",
        "unchanged",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"code,kind,colour\na,hub,red\n", "colour"),
        (b"code,parent\na,b\n", "kind"),
        ("code,kind\n馆,hub\n".encode("gb18030"), "UTF-8"),
        (b'code,kind\n"a"b,hub\n', "well formed"),
        (b"", "missing"),
    ],
)
def test_a_file_that_is_no_list_of_branches_is_refused(
    content: bytes, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "branches.csv"
    file.write_bytes(content)
    with pytest.raises(CsvRefused, match=why):
        read(file)


def test_a_branch_lives_its_life_by_command(run: Run, hub: str) -> None:
    created = run("create", hub, "--kind", "hub", "--consortium", hub, "--name-zh", "中心馆")
    assert "one-time password" in created.stdout
    assert f"admin@{hub}" in created.stdout
    assert run(
        "create", hub, "--kind", "hub", "--consortium", hub, "--name-zh", "中心馆"
    ).stdout == (f"{hub}: unchanged\n")
    assert run("suspend", hub).stdout == f"{hub}: suspended\n"
    assert hub in run("list", "--state", "suspended").stdout
    assert json.loads(run("resume", hub, "--json").stdout)["branch"]["state"] == "active"
    assert run("leave", hub).exit_code == 0
    assert "leaving" in run("show", hub).stdout
    assert run("close", hub).stdout == f"{hub}: gone\n"
    refused = run("resume", hub)
    assert refused.exit_code == 1
    assert "branch_move_refused" in refused.stderr


def test_who_has_lost_a_password_gets_another(run: Run, hub: str) -> None:
    run("create", hub, "--kind", "hub", "--consortium", hub, "--name-zh", "中心馆")
    told = run("password", hub)
    assert told.stdout.startswith(f"Log in as admin@{hub} with the one-time password ")
    assert "no_such_staff" in run("password", hub, "--name", "nobody").stderr
    name = f"operator-{next(NUMBERS)}"
    first, second = run("operator", name).stdout, run("operator", name).stdout
    assert first.startswith(f"Log in as {name} with the one-time password ")
    assert first != second


def test_what_is_wrong_is_told_with_its_code(run: Run) -> None:
    for words, code in (
        (("show", "nobody"), "no_such_branch"),
        (("create", "UPPER", "--kind", "hub"), "validation_failed"),
        (("create", "admin", "--kind", "hub", "--name-en", "A"), "code_reserved"),
    ):
        result = run(*words)
        assert result.exit_code == 1
        assert code in result.stderr


def test_a_command_says_when_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PINAKES_DATABASE", raising=False)
    result = CliRunner().invoke(main, ["tenant", "list", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "./pinakes up" in result.stderr
