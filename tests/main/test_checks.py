import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pinakes.main import checks

PYTHON = Path(sys.executable).name


def test_every_check_runs_and_one_that_fails_makes_it_red(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    touch = f"open({str(ran)!r}, 'w')"
    bad = "print('it says why'); exit(1)"
    tools = {"bad": [PYTHON, "-c", bad], "good": [PYTHON, "-c", touch]}
    monkeypatch.setattr(checks, "TOOLS", tools)
    outcome = CliRunner().invoke(checks.test, ["--version"])  # of pytest: nothing else to run
    assert outcome.exit_code == 1
    assert "not green: bad" in outcome.output
    assert "it says why" in outcome.output
    assert "good: ok" in outcome.output
    assert "tests: ok" in outcome.output
    assert ran.exists()
