"""Whether a ZIP may be unpacked: told by its list of contents, before any of it is read. Pure."""

from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

PIECE = 1 << 20
FLOOR, MOST = 64 << 20, 64 << 30  # bytes that all files may have, whatever they are packed into
TIMES = 100  # as large as it is packed: tables shrink to a twentieth
HEAD = 30  # bytes that stand before each file


class Sips:
    """A file that gives at most PIECE bytes at a time: a longer list of contents is cut off."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1, /) -> bytes:
        return self.file.read(PIECE if size < 0 else min(size, PIECE))


def trouble(archive: ZipFile) -> str:
    """Why it is not to be unpacked, in a sentence; empty when nothing is in the way."""
    files = archive.infolist()
    if len(set(archive.namelist())) < len(files):
        return "It holds two files of one name."
    if any(one.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for one in files):
        return "It is packed in a way that `catalogue takeout` does not use."
    if overlapping(archive):
        return "Its files overlap."
    sizes = [(one.file_size, one.compress_size) for one in files]
    sizes.append((sum(size for size, _ in sizes), sum(packed for _, packed in sizes)))
    if any(size > max(FLOOR, min(MOST, TIMES * packed)) for size, packed in sizes):
        return "It holds far more than its size allows."
    return ""


def overlapping(archive: ZipFile) -> bool:
    """Whether the same bytes are said to be of two files, or to lie outside."""
    end = 0
    for one in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if one.header_offset < end:
            return True
        end = one.header_offset + HEAD + one.compress_size
    return end > archive.start_dir
