"""Log in from the command line."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from issuing import SECRET, Issuer
from joserfc import jws

from pinakes.main.cli import main
from pinakes.platform.config import settings

NEEDED = {"PINAKES_DATABASE": "a", "PINAKES_CARRIER": "b", "PINAKES_PUBLIC": "c"}
PASSWORD, PIN = "a password of the tests", "735182"


@pytest.fixture(scope="module")
def card(issuer: Issuer) -> str:
    """The card of a reader; anna works at the same branch."""
    person, number = uuid4(), f"T{uuid4().int % 10**9}"

    async def hire() -> None:
        async with issuer.accounts() as accounts:
            await accounts.ensure_organization("token-branch", "Branch")
            grants = ["desk@token-branch"]
            await accounts.ensure_staff("anna@token-branch", "token-branch", grants, PASSWORD)
            await accounts.ensure_reader(number, person, "token-branch", PIN, temporary=False)

    asyncio.run(hire())
    return number


@pytest.fixture
def data(issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a running house with a sample consortium."""
    running = {"PINAKES_ISSUER": issuer.address, "PINAKES_ISSUER_SECRET": SECRET, **NEEDED}
    for name in running:
        monkeypatch.setenv(name, "")  # so that what is adopted ends with the test
        monkeypatch.delenv(name)
    (tmp_path / "run.json").write_text(json.dumps({"settings": running}))
    told = {"password": PASSWORD, "pin": PIN, "planted": True}
    (tmp_path / "demo.json").write_text(json.dumps(told))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def token(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["token", *words, "--data", str(data)])


def claims(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    payload: dict[str, object] = json.loads(
        jws.extract_compact(result.stdout.strip().encode()).payload
    )
    return payload


def test_a_reader_logs_in_with_a_card(data: Path, card: str) -> None:
    assert claims(token(data, "reader", card))["home"] == "token-branch"


def test_staff_log_in_at_their_branch(data: Path, card: str) -> None:
    told = claims(token(data, "staff", "anna", "--at", "token-branch"))
    assert told["grants"] == ["desk@token-branch"]


def test_a_wrong_secret_is_refused_with_its_code(data: Path, card: str) -> None:
    result = token(data, "reader", card, "--pin", "000000")
    assert result.exit_code == 1
    assert "wrong_credentials" in result.stderr


def test_a_branch_that_is_not_there_is_no_wrong_password(data: Path, card: str) -> None:
    assert "no_such_branch" in token(data, "staff", "anna", "--at", "token-brunch").stderr
    assert "wrong_credentials" in token(data, "staff", "hannah", "--at", "token-branch").stderr


def test_without_a_sample_the_secret_must_be_said(data: Path, card: str) -> None:
    (data / "demo.json").unlink()
    assert "Say the pin" in token(data, "reader", card).stderr
    assert claims(token(data, "reader", card, "--pin", PIN))


def test_a_file_of_settings_tells_who_issues(
    data: Path, card: str, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "run.json").unlink()
    file = tmp_path / "pinakes.toml"
    file.write_text(f'issuer = "{issuer.address}"\ndatabase = "a"\ncarrier = "b"\npublic = "c"\n')
    monkeypatch.setenv("PINAKES_CONFIG", str(file))
    assert claims(token(data, "reader", card))["home"] == "token-branch"


def test_it_says_when_nothing_runs(data: Path) -> None:
    (data / "run.json").unlink()
    assert "./pinakes up" in token(data, "staff", "anna", "--at", "token-branch").stderr
