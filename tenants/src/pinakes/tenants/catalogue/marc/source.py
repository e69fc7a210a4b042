"""The bytes of an uploaded file: unpacked, peeked into, read to the end whatever happens."""

import gzip
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable
from os import SEEK_END
from typing import BinaryIO

from pinakes.platform.errors import Problem

GZIP = b"\x1f\x8b\x08"
UTF16 = {
    b"\xff\xfe<\x00": "utf-16",
    b"\xfe\xff\x00<": "utf-16",
    b"<\x00": "utf-16-le",
    b"\x00<": "utf-16-be",
}  # as XML begins in it
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
LEAST, MOST = 64 << 20, 4 << 30  # bytes that a packed file may be unpacked, whatever its size
TIMES = 20  # its size: MARCXML shrinks to a tenth or more


class UnpackedTooLarge(Problem):
    code = "unpacked_too_large"
    title = "The packed file holds far more than its size allows"


class Source:
    """A stream that may be peeked into. A damaged archive ends it early and sets ``damaged``.

    ``position`` is how many bytes have been read.
    """

    def __init__(self, pull: Callable[[int], bytes]) -> None:
        self._pull = pull
        self._ahead = b""
        self.position = 0
        self.damaged = False

    def peek(self, size: int) -> bytes:
        """The first *size* bytes, left in place."""
        while len(self._ahead) < size and (more := self._pulled(size)):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Some bytes, at most *size*; none at the end."""
        if self._ahead:
            some, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            some = self._pulled(size)
        self.position += len(some)
        return some

    def _pulled(self, size: int) -> bytes:
        """*size* bytes, fewer only at the end: an archive may hand them over one by one."""
        parts, room = list[bytes](), size
        try:
            while room > 0 and (some := self._pull(room)):
                parts.append(some)
                room -= len(some)
        except DAMAGE:
            self.damaged = True
        return b"".join(parts)


def opened(stream: BinaryIO) -> Source:
    """The file's own bytes: out of gzip, and XML in UTF-16 turned into UTF-8."""
    source = Source(stream.read)
    if source.peek(len(GZIP)) == GZIP:
        packed = gzip.GzipFile(fileobj=source)  # type: ignore[call-overload]
        source = Source(_measured(packed.read1, _room(stream)))
    start = source.peek(4)
    names = (name for begins, name in UTF16.items() if start.startswith(begins))
    name = next(names, None)
    return Source(_turned(source, name)) if name else source


def _room(stream: BinaryIO) -> int:
    """How many bytes the stream may hold unpacked."""
    here = stream.tell()
    size = stream.seek(0, SEEK_END)
    stream.seek(here)
    return min(max(LEAST, TIMES * size), MOST)


def _measured(pull: Callable[[int], bytes], room: int) -> Callable[[int], bytes]:
    """The same bytes, at most *room* of them; UnpackedTooLarge for one more."""
    left = room

    def pulled(size: int) -> bytes:
        nonlocal left
        some = pull(size)
        left -= len(some)
        if left < 0:
            raise UnpackedTooLarge(
                f"It is more than {room} bytes when unpacked. Unpack it and send it so, or in "
                "several files.",
                limit=room,
            )
        return some

    return pulled


def _turned(source: Source, name: str) -> Callable[[int], bytes]:
    decoder = getincrementaldecoder(name)(errors="replace")

    def pull(size: int) -> bytes:
        text, chunk = "", b"more"
        while chunk and not text:
            chunk = source.read(size)
            text = decoder.decode(chunk, final=not chunk)
        if source.damaged and not text:
            raise EOFError("the archive ends too early")  # so that who reads this hears of it too
        return text.encode()

    return pull
