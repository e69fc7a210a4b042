"""A catalogue of any size out of a small real one: the same records again, as other titles.

Control numbers, titles and ISBNs differ from copy to copy. With the same ISBN twenty records
would be one title, which is less work for the search index.
"""

import gzip
from collections.abc import Iterator
from itertools import islice
from operator import mul
from pathlib import Path

from pinakes.main.demo.marc import records
from pinakes.main.demo.marc_words import THINGS
from pinakes.platform.text import pinyin
from pinakes.tenants.catalogue.marc.directory import walk

DATA = [folder / "shared" / "data" for folder in Path(__file__).parents]  # one may be there
FILE = "lc-books-2016-chinese*"
MADE = 4_935  # records of our own, where that file is absent
SHORT, LONG = 10, 13  # digits of an ISBN
STEP = 37  # between the numbers of two copies


def small() -> tuple[str, list[bytes]]:
    """The name of what there is to repeat, and its records."""
    for path in (path for folder in DATA for path in sorted(folder.rglob(FILE))):
        body = gzip.decompress(path.read_bytes())
        return path.name, [part + b"\x1d" for part in body.split(b"\x1d") if part]
    return "made up", list(records(MADE, dialect="marc21"))


def repeated(originals: list[bytes], times: range) -> Iterator[bytes]:
    """Every record once for each of *times*."""
    for time in times:
        here, there = THINGS[time % len(THINGS)], THINGS[time // len(THINGS) % len(THINGS)]
        chinese = here[0] + there[0]
        latin = "".join("".join(word) for word in pinyin(chinese)).capitalize()
        for original in originals:
            yield another(original, time, chinese.encode(), latin.encode())


def write(path: Path, made: Iterator[bytes], most: int | None = None) -> None:
    with path.open("wb") as file:
        file.writelines(islice(made, most))


def another(original: bytes, time: int, chinese: bytes, latin: bytes) -> bytes:
    """The same record with another number and ISBN, and a word before its title in both scripts."""
    walked = walk(original)
    directory, body = b"", b""
    for tag, part in zip(walked.tags, walked.parts, strict=True):
        changed = field(tag, part, time, chinese, latin) + b"\x1e"
        directory += b"%3s%04d%05d" % (tag.encode(), len(changed), len(body))
        body += changed
    base = 24 + len(directory) + 1
    head = b"%05d%7s%05d" % (base + len(body) + 1, original[5:12], base)
    return head + original[17:24] + directory + b"\x1e" + body + b"\x1d"


def field(tag: str, part: bytes, time: int, chinese: bytes, latin: bytes) -> bytes:
    match tag:
        case "001":
            return b"%s-%d" % (part.rstrip(), time)
        case "020":
            start, found, rest = part.partition(b"\x1fa")
            return start + found + other_isbn(rest.decode("utf-8", "replace"), time).encode()
        case "245":
            return part.replace(b"\x1fa", b"\x1fa" + latin + b" ", 1)
        case "880" if b"\x1f6245" in part:
            return part.replace(b"\x1fa", b"\x1fa" + chinese, 1)
        case _:
            return part


def other_isbn(written: str, time: int) -> str:
    """The number moved on, its check digit made right; anything else as it is."""
    if written[:LONG].isdecimal():
        core = written[:3] + moved(written[3:12], time)
        total = sum(map(mul, (1, 3) * 6, map(int, core)))
        return core + str(-total % 10) + written[LONG:]
    if written[: SHORT - 1].isdecimal():
        core = moved(written[: SHORT - 1], time)
        total = sum(map(mul, range(SHORT, 1, -1), map(int, core)))
        return core + "0123456789X"[-total % 11] + written[SHORT:]
    return written


def moved(digits: str, time: int) -> str:
    return str((int(digits) + STEP * time) % 10 ** len(digits)).zfill(len(digits))
