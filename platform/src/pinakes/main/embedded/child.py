"""Processes that never outlive the one that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired

PR_SET_PDEATHSIG = 1


class NotStarted(Exception):
    """A part did not start; the message says why and where to look."""


class PortTaken(NotStarted):
    """It did not, for a port that was free is somebody else's by now."""


TAKEN = ("address already in use", "port allocation failed")  # the second is SeaweedFS's


def not_started(message: str) -> NotStarted:
    """The error with this *message*, by the last words in it."""
    kind = PortTaken if any(sign in message.lower() for sign in TAKEN) else NotStarted
    return kind(message)


def last_words(log: Path, lines: int = 15) -> str:
    """The end of *log*, and where to read the rest."""
    said = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"its last words, from {log}:", *said])


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    farewell: signal.Signals = signal.SIGKILL,
    user: int | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = DEVNULL,
) -> Popen[bytes]:
    """Start *command* in a session of its own; when we die it is sent *farewell*.

    Linux sends the signal when the *thread* that called this ends, so call it from the main one.
    """
    with log.open("ab") as out:
        return Popen(  # noqa: S603 - the callers name their own programs
            [str(word) for word in command],
            stdin=stdin,
            stdout=out,
            stderr=STDOUT,
            env=env,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,  # Ctrl-C in the terminal is for us, who stop the parts in order
            preexec_fn=bound_to(os.getpid(), farewell),  # noqa: PLW1509 - one system call, no lock
        )


def bound_to(parent: int, farewell: signal.Signals) -> Callable[[], None]:
    """What a child does before its program begins: ask for *farewell* when *parent* dies."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def bind() -> None:
        if prctl:
            prctl(PR_SET_PDEATHSIG, farewell.value)
        if os.getppid() != parent:  # we died before the tie was made
            os._exit(1)

    return bind


def unplug(process: Popen[bytes]) -> None:
    """Kill it with all that it has started, as a power cut would."""
    process.send_signal(signal.SIGSTOP)  # from now on it starts nobody
    started = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, started)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def stop(process: Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    """Send each signal in turn and wait its seconds, until *process* has ended; at last SIGKILL."""
    for sign, seconds in (*steps, (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        process.send_signal(sign)
        try:
            process.wait(seconds)
        except TimeoutExpired:
            continue
