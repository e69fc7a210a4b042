"""Loopback ports: those of last time while they are free, so that addresses stay."""

import json
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from random import sample

from pinakes.main.embedded.child import NotStarted, PortTaken

OURS = range(10_240, 30_000)  # below those that the system gives to whoever asks for any
TRIES = 4


def anew[T](attempt: Callable[[], T]) -> T:
    """What *attempt* gives, begun again when somebody took a port that it had chosen."""
    for _ in range(TRIES - 1):
        with suppress(PortTaken):
            return attempt()
    return attempt()


def free_port() -> int:
    """A port that nobody listens on."""
    return free_ports(None)[0]


def free_ports(*wanted: int | None) -> list[int]:
    """As many ports that nobody listens on: those *wanted* if they are free, else any."""
    others = [port for port in OURS if port not in wanted]
    with ExitStack() as held:
        probes = [held.enter_context(_probe(port, sample(others, TRIES))) for port in wanted]
        return [probe.getsockname()[1] for probe in probes]


def kept_ports(file: Path, names: Iterable[str], given: Mapping[str, int | None]) -> dict[str, int]:
    """A port for each of *names*: as *given*, else as noted in *file* the last time, else any."""
    told = named(given)
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    wanted = {name: (known | told).get(name) for name in names}
    found = dict(zip(wanted, free_ports(*wanted.values()), strict=True))
    insist(told, found)
    file.write_text(json.dumps(found))
    return found


def refuse_taken(given: Mapping[str, int | None]) -> None:
    """NotStarted when somebody listens on a port that was *given*; it leaves nothing behind."""
    told = named(given)
    insist(told, dict(zip(told, free_ports(*told.values()), strict=True)))


def named(given: Mapping[str, int | None]) -> dict[str, int]:
    return {name: port for name, port in given.items() if port is not None}


def insist(told: Mapping[str, int], found: Mapping[str, int]) -> None:
    """A port that was asked for is not replaced by another one in silence."""
    for name, port in told.items():
        if found[name] != port:
            raise NotStarted(f"Port {port} for {name} is taken; choose another one")


def _probe(wanted: int | None, others: Sequence[int]) -> socket.socket:
    probe = socket.socket()
    for port in (wanted, *others, 0):
        if port is None:
            continue
        lingers = port == wanted  # a closed one of last time may do so
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, lingers)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            break
    return probe
