"""A large file is read in a process of its own, so that both cores are busy.

It begins while the file is still being fetched, and writes one frame for each portion: its length,
then msgpack. It ends with whoever reads them: a pipe without a reader takes nothing.
"""

import asyncio
import gc
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pinakes.platform.errors import Problem, Unavailable, known
from pinakes.tenants.catalogue.batches import How, Portion, portions
from pinakes.tenants.catalogue.growing import Growing

HEAD = 8  # bytes of a frame's length
AHEAD = 1 << 20  # bytes that are taken from the pipe before they are asked for
LATER = 5  # added to the worker's niceness: what is read is written and shown before more is read
PATIENT = 50_000  # new things before a collection: records make many, and no cycles


PACKAGE = __name__.rpartition(".")[0]
PROGRAM = f"""
import sys, types
bare = types.ModuleType({PACKAGE!r})
bare.__path__ = [sys.argv[2]]
sys.modules[{PACKAGE!r}] = bare
from {__name__} import write
write()
"""  # without what the feature plugs in: a second and 80 MB less


class Order(Struct, tag=True):
    """What to read: *file*, a descriptor that the process inherits, of *size* bytes in the end."""

    file: int
    size: int
    how: How


class Refused(Struct, tag=True):
    """Why the file cannot be read at all."""

    code: str
    detail: str
    facts: dict[str, Any]


class Done(Struct, tag=True):
    """Nothing comes after this."""


class Read(Struct, tag=True):
    """One portion."""

    portion: Portion


type Frame = Read | Refused | Done

FRAME: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Read | Refused | Done)


class ReadingStopped(Unavailable):
    code = "reading_stopped"
    title = "The process that reads the file has ended early"


async def read_apart(order: Order, filled: Awaitable[None]) -> AsyncGenerator[Portion]:
    """The file's portions from a process of its own, one or two ahead; *filled*, the file is whole.

    Raises:
        Problem: the one that the process met.
        Exception: whatever kept the file from being filled.
    """
    told = msgspec.json.encode(order).decode()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", PROGRAM, told, str(Path(__file__).parent),
        stdin=PIPE, stdout=PIPE, pass_fds=(order.file,), limit=AHEAD,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101  (it was asked for)
    filling = asyncio.create_task(fill(process, filled))
    try:
        while isinstance(frame := await next_frame(process.stdout), Read):
            yield frame.portion
    except ReadingStopped:
        await filling  # or this is why
        raise
    finally:
        filling.cancel()
        end(process)
        await asyncio.gather(filling, return_exceptions=True)
        await process.stdout.read()  # before 3.12.5 a pipe that is not at its end hides the end
        await process.wait()
    if isinstance(frame, Refused):
        raise problem(frame)


async def fill(process: Process, filled: Awaitable[None]) -> None:
    """Tell the process when the file is whole; end it when it will never be."""
    assert process.stdin is not None  # noqa: S101  (it was asked for)
    try:
        await filled
    except BaseException:
        end(process)
        raise
    process.stdin.close()


def end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


async def next_frame(stream: asyncio.StreamReader) -> Frame:
    try:
        length = int.from_bytes(await stream.readexactly(HEAD))
        return FRAME.decode(await stream.readexactly(length))
    except asyncio.IncompleteReadError:
        raise ReadingStopped("It is begun again by itself.") from None


def problem(refused: Refused) -> Problem:
    kind = next(kind for kind in known() if kind.code == refused.code)
    return kind(refused.detail, **refused.facts)


def frames(order: Order) -> Iterator[Frame]:
    """Everything there is to say about the file."""
    try:
        growing = Growing(order.file, sys.stdin.fileno(), order.size)
        for portion in portions(BufferedReader(growing), order.how):
            yield Read(portion)
    except Problem as error:
        yield Refused(error.code, error.detail, error.facts)
    else:
        yield Done()


def write() -> None:
    """The process: all frames to standard output."""
    os.nice(LATER)
    gc.set_threshold(PATIENT)
    order = msgspec.json.decode(sys.argv[1], type=Order)
    with suppress(BrokenPipeError):
        for frame in frames(order):
            body = msgspec.msgpack.encode(frame)
            sys.stdout.buffer.write(len(body).to_bytes(HEAD) + body)
            sys.stdout.buffer.flush()
