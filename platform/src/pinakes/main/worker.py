"""The worker: carries messages, runs jobs, does the chores. ``python -m pinakes.main.worker``."""

import asyncio
import faulthandler
import gc
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from logging import getLogger

import uvloop

from pinakes.main.features import FEATURES
from pinakes.main.pulse import Pulse
from pinakes.platform import log, memory
from pinakes.platform.bustle import BUSTLE
from pinakes.platform.carrier import PATIENT, PROMPT, Listeners, carry, sweep
from pinakes.platform.config import Settings, settings
from pinakes.platform.db import Database
from pinakes.platform.feature import Feature, listeners_of
from pinakes.platform.performer import perform
from pinakes.platform.replies import forget_old
from pinakes.platform.restored import let_go
from pinakes.platform.telemetry import telling
from pinakes.platform.wake import listening

FEW, GENTLY = 100, 2  # messages that nobody stands waiting for, to so many receivers at once
REST = 0.5  # seconds at most
SHARE = 1.5  # times as long as that took: each of them gives others more to do
SWEEP = 1.0  # seconds; a lost wake-up costs no more
CHORES = 60.0
FAREWELL = 20.0  # seconds to end in; what is cut off by then is done again by the next worker
CALM = 10  # niceness of the worker and of what it starts: whoever stands at a desk goes first
JOBS = 2  # done side by side in one worker
BREATH = 0.1  # seconds; a job takes longer
RARELY = (100_000, 5, 5)  # new things before a collection: an import makes many, and no cycles

logger = getLogger(__name__)


async def work(settings: Settings, features: Sequence[Feature] = FEATURES) -> None:
    """Work until cancelled; what fails is written down and tried again."""
    listeners = listeners_of(features)
    handlers = dict(job for feature in features for job in feature.jobs)
    chores = [sweep, forget_old, *(chore for feature in features for chore in feature.chores)]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(settings))
        engines = database.app, database.carrier, database.public
        stack.enter_context(telling(settings.telemetry, *engines))
        pulse = Pulse()
        await stack.enter_async_context(pulse.shown(settings.worker))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())

        lanes = Lanes(database, listeners, pulse)
        tasks.create_task(at_each_wake_up(settings, lanes.prompt))
        tasks.create_task(at_each_wake_up(settings, lanes.patient))
        for _ in range(JOBS):
            look = at_each_wake_up(settings, lambda: perform(database, handlers), BREATH)
            tasks.create_task(look)
        for feature in features:
            for duty in feature.duties:
                tasks.create_task(duty(settings, database))
        tasks.create_task(every(SWEEP, bound(let_go, database)))
        tasks.create_task(every(CHORES, *(bound(chore, database) for chore in chores)))


@dataclass
class Lanes:
    """What somebody waits for, and beside it the rest, which gives way."""

    database: Database
    listeners: Listeners
    pulse: Pulse
    carried: int = 0

    async def prompt(self) -> int:
        self.pulse.beat()
        done = await carry(self.database, self.listeners, (PROMPT,))
        if done:
            BUSTLE.see()
        self.carried += done
        return done

    async def patient(self) -> int:
        """A small batch; then, if others were under way, a rest: small ones shall be worth it."""
        before, began = self.carried, time.monotonic()
        done = await carry(self.database, self.listeners, (PATIENT,), FEW, GENTLY)
        if done and self.carried > before:
            took = time.monotonic() - began
            await asyncio.sleep(REST if done < FEW else min(SHARE * took, REST))
        return done


def bound(
    chore: Callable[[Database], Awaitable[None]], database: Database
) -> Callable[[], Awaitable[None]]:
    return lambda: chore(database)


async def at_each_wake_up(
    settings: Settings, act: Callable[[], Awaitable[int]], breath: float = 0
) -> None:
    """Act until nothing is left to do, at each wake-up and at least once a second.

    Between two wake-ups lies a *breath* at least: most of them are for others.
    """
    woken = asyncio.Event()
    while True:
        try:
            async with listening(settings.carrier.get_secret_value(), woken.set) as connection:
                while not connection.is_closed():
                    while await act():
                        pass
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), SWEEP)
                    await asyncio.sleep(breath)
                    woken.clear()
        except Exception:
            logger.exception("messages and jobs wait: the database is away or refuses")
            await asyncio.sleep(SWEEP)


async def every(seconds: float, *chores: Callable[[], Awaitable[None]]) -> None:
    """Do the chores at every full minute, if *seconds* are 60; one that fails holds up no other.

    A branch whose turn is one minute of the hour misses it only when the chores take longer.
    """
    while True:
        for chore in chores:
            try:
                await chore()
            except Exception:
                logger.exception("a chore failed")
        await asyncio.sleep(seconds - time.time() % seconds)


async def main() -> None:
    """Work until SIGTERM or SIGINT."""
    log.set_up()
    os.nice(CALM)
    memory.share()
    gc.freeze()  # what is loaded by now stays: no collection need look at it again
    gc.set_threshold(*RARELY)
    task = asyncio.ensure_future(work(settings()))

    def leave() -> None:
        faulthandler.dump_traceback_later(FAREWELL, exit=True)
        task.cancel()

    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, leave)
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    uvloop.run(main())
