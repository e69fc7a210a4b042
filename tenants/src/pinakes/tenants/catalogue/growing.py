"""A file that is read while it is still being written."""

import os
from collections.abc import Buffer
from io import SEEK_CUR, SEEK_SET, RawIOBase
from select import select
from typing import override

LOOK = 0.02  # seconds between two looks for more


class Growing(RawIOBase):
    """What is in *file* and what is still to come, *size* bytes as we are told.

    It ends when the pipe *writer* does: who writes closes it behind the last byte, or dies.
    """

    def __init__(self, file: int, writer: int, size: int) -> None:
        self._file = file
        self._writer = writer
        self._size = size
        self._place = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        ended = False
        while not (some := os.preadv(self._file, [buffer], self._place)) and not ended:
            ended = bool(select([self._writer], [], [], LOOK)[0])
        self._place += some
        return some

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        start = {SEEK_SET: 0, SEEK_CUR: self._place}.get(whence, self._size)
        self._place = start + offset
        return self._place
