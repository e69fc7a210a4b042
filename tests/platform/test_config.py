"""Settings come from the environment or a file, and none is misspelt in silence."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from pinakes.platform.config import UnknownSetting, settings

NEEDED = {"PINAKES_DATABASE": "a", "PINAKES_CARRIER": "b", "PINAKES_PUBLIC": "c"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    settings.cache_clear()


def test_the_environment_fills_them() -> None:
    assert settings().database.get_secret_value() == "a"


def test_a_secret_is_never_shown() -> None:
    assert "'a'" not in repr(settings())


def test_a_misspelt_variable_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PINAKES_DATABSE", "x")
    with pytest.raises(UnknownSetting, match="PINAKES_DATABSE"):
        settings()


def test_a_missing_one_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("PINAKES_DATABASE")
    with pytest.raises(ValidationError, match="database"):
        settings()


def test_a_file_fills_what_the_environment_does_not(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pinakes.toml"
    file.write_text('database = "from the file"\npool = 3\n')
    environment.setenv("PINAKES_CONFIG", str(file))
    assert (settings().database.get_secret_value(), settings().pool) == ("a", 3)


def test_an_unknown_key_of_the_file_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pinakes.toml"
    file.write_text("pol = 3\n")
    environment.setenv("PINAKES_CONFIG", str(file))
    with pytest.raises(ValidationError, match="pol"):
        settings()
