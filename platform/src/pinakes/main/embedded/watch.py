"""Keep parts alive: one that ends is said and started again, ever more slowly if it ends again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pinakes.main.embedded.child import NotStarted

LOOK = 0.2  # seconds between two looks
FIRST, LONGEST = 0.5, 30.0  # seconds until a part is started again
SETTLED = 60.0  # a part that lived as long is forgiven its earlier ends


class Part(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    def launch(self) -> None: ...

    def alive(self) -> bool: ...

    def stop(self) -> None: ...


@dataclass
class Watched:
    """A part and how it has been doing."""

    part: Part
    pause: float = FIRST
    again: float | None = None  # when to start it again
    since: float = field(default_factory=time.monotonic)


def watch(parts: Sequence[Part], tell: Callable[[str], None], changed: Callable[[], None]) -> None:
    """Look after *parts* for ever; *changed* is called when one was started again."""
    watched = [Watched(part) for part in parts]
    while True:
        for one in watched:
            if look(one, tell):
                changed()
        time.sleep(LOOK)


def look(one: Watched, tell: Callable[[str], None]) -> bool:
    """Look at one part; true when it was started again."""
    now = time.monotonic()
    if one.part.alive():
        if now - one.since > SETTLED:
            one.pause = FIRST
        return False
    if one.again is None:
        tell(f"{one.part.name} has ended; it is started again in {one.pause:g} s")
        one.again = now + one.pause
    if now < one.again:
        return False
    one.pause = min(2 * one.pause, LONGEST)
    one.again = None
    return _restart(one, tell)


def _restart(one: Watched, tell: Callable[[str], None]) -> bool:
    try:
        one.part.stop()  # tidies up after the dead
        one.part.launch()
    except NotStarted as reason:
        tell(str(reason))
        return False
    one.since = time.monotonic()
    tell(f"{one.part.name} was started again")
    return True
