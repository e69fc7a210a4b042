"""The script ./pinakes, with a uv on PATH that only notes what it was asked."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from shutil import copy, move

import pytest

ROOT = Path(__file__).parents[2]
UV = """#!/bin/sh
printf '%s\\n' "$*" >>"$NOTES"
case $1 in
venv) for last; do :; done; venv=$last
    mkdir -p "$venv/bin"
    printf "VIRTUAL_ENV='%s'\\n" "$venv" >"$venv/bin/activate"
    printf '#!/bin/sh\\nprintf "%%s|" ran "$@"\\n' >"$venv/bin/pinakes"
    cp "$venv/bin/pinakes" "$venv/bin/python"
    chmod +x "$venv/bin/pinakes" "$venv/bin/python" ;;
esac
"""


PYTHON = """#!/bin/sh
case $* in
"-m venv "*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
"-m pip install "*) cp "$TOOLS/kept" "${0%/*}/uv" ;;
-c*) exit "$VERDICT" ;;
*) printf '%s\\n' "$*" >>"$NOTES"; exit 1 ;;
esac
"""


class Checkout:
    """A copy of the script in a folder of its own, and what uv was asked there."""

    def __init__(self, place: Path) -> None:
        self.root = place / "a checkout"
        self.tools = place / "tools"
        self.root.mkdir()
        self.tools.mkdir()
        copy(ROOT / "pinakes", self.root)
        for name in ("pyproject.toml", "uv.lock"):
            (self.root / name).write_text(name)
        (self.tools / "uv").write_text(UV)
        (self.tools / "uv").chmod(0o755)

    def run(self, *words: str, script: Path | None = None, more: Mapping[str, str] = {}) -> str:
        """What the script printed, called from another folder and without a home."""
        told = {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "NOTES": str(self.tools / "notes"),
            **more,
        }
        done = subprocess.run(
            ["sh", script or self.root / "pinakes", *words],
            env=told,
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def asked(self, word: str) -> list[str]:
        """What uv was asked that begins with this word."""
        notes = (self.tools / "notes").read_text().splitlines()
        return [note for note in notes if note.startswith(word)]

    def syncs(self) -> list[str]:
        return self.asked("sync")

    def bare(self, verdict: int) -> dict[str, str]:
        """The environment of a machine without uv, whose Pythons are fit (0) or too old (1)."""
        (self.tools / "uv").rename(self.tools / "kept")
        for name in ("python3", "python3.12", "python3.13"):
            (self.tools / name).write_text(PYTHON)
            (self.tools / name).chmod(0o755)
        plain = f"{self.tools}:/usr/bin:/bin"
        return {"PATH": plain, "TOOLS": str(self.tools), "VERDICT": str(verdict)}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_words_arrive_as_they_were_typed(checkout: Checkout) -> None:
    assert checkout.run("token", "reader", "two words") == "ran|token|reader|two words|"


def test_up_installs_the_embedded_parts_and_test_the_tools_too(checkout: Checkout) -> None:
    checkout.run("up")
    checkout.run("test")
    up, test = checkout.syncs()
    assert "--extra embedded" in up
    assert "--group test" not in up
    assert "--extra embedded" in test
    assert "--group test" in test
    assert all("--frozen" in sync for sync in (up, test))


def test_nothing_is_installed_twice_until_the_lock_changes(checkout: Checkout) -> None:
    checkout.run("up")
    checkout.run("doctor")
    assert len(checkout.syncs()) == 1
    (checkout.root / "uv.lock").write_text("other")
    checkout.run("up")
    assert len(checkout.syncs()) == 2


def test_whoever_has_tested_has_what_up_needs(checkout: Checkout) -> None:
    checkout.run("test")
    checkout.run("up")
    assert len(checkout.syncs()) == 1


def test_a_link_from_elsewhere_finds_the_checkout(checkout: Checkout) -> None:
    link = checkout.tools / "pinakes"
    link.symlink_to(checkout.root / "pinakes")
    assert checkout.run("up", script=link) == "ran|up|"


def test_a_checkout_that_has_moved_does_not_run_the_code_of_its_old_place(
    checkout: Checkout,
) -> None:
    checkout.run("up")
    move(checkout.root, checkout.root.with_name("moved"))
    checkout.root = checkout.root.with_name("moved")
    checkout.run("up")
    assert f"'{checkout.root}/.venv'" in (checkout.root / ".venv/bin/activate").read_text()


def test_a_machine_without_uv_gets_one_in_a_private_folder(checkout: Checkout) -> None:
    assert "ran|doctor|" in checkout.run("doctor", more=checkout.bare(0))
    assert (checkout.root / ".tools" / "uv" / "bin" / "uv").exists()  # there is no home
    [made] = checkout.asked("venv")
    assert f"--python {checkout.tools}/python3.13 " in made


def test_where_no_python_is_fit_uv_fetches_one(checkout: Checkout) -> None:
    checkout.run("doctor", more=checkout.bare(1))
    [made] = checkout.asked("venv")
    assert "--python 3.13 " in made


def test_a_python_of_pyenv_is_found(checkout: Checkout) -> None:
    home = checkout.root / "home"
    fit = home / ".pyenv" / "versions" / "3.12.7" / "bin" / "python"
    fit.parent.mkdir(parents=True)
    fit.write_text("#!/bin/sh\n")
    fit.chmod(0o755)
    checkout.run("doctor", more=checkout.bare(1) | {"HOME": str(home)})
    [made] = checkout.asked("venv")
    assert f"--python {fit} " in made
    assert (home / ".cache" / "pinakes" / "uv" / "bin" / "uv").exists()
