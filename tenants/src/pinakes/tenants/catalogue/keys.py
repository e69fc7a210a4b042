"""Numbers of books in one form, however they are written."""

import re
import unicodedata
from functools import lru_cache
from operator import mul

from stdnum import issn

ISBN_LIKE = re.compile(r"(?<![0-9])(?:97[89][- ]?)?[0-9](?:[- ]?[0-9]){8}[- ]?[0-9Xx](?![0-9Xx])")
SBN_LIKE = re.compile(  # before 1970: the 0 in front is missing, not the last digit of China's 7
    r"(?<![0-9])(?<![0-9][- ])(?!7|97[89])[0-9](?:[- ]?[0-9]){7}[- ]?[0-9Xx](?![- ]?[0-9Xx])"
)
ISSN_LIKE = re.compile(r"(?<![0-9])[0-9]{4}[-–]?[0-9]{3}[0-9Xx](?![0-9])")
SHORT = 10  # digits of an ISBN before 2007
DIGITS = "0123456789X"  # of its check


@lru_cache(maxsize=5_000)
def isbn13(written: str) -> str:
    """The 13 digits of the first ISBN in *written*, or nothing when its check digit is wrong."""
    plain = _plain(written)
    found = ISBN_LIKE.search(plain) or SBN_LIKE.search(plain)
    if found is None:
        return ""
    number = found[0].replace("-", "").replace(" ", "").upper().rjust(SHORT, "0")
    if len(number) > SHORT:
        return number if _check(number[:-1]) == number[-1] else ""
    weighed = sum(map(mul, range(SHORT, 1, -1), map(int, number[:-1])))
    core = f"978{number[:-1]}"
    return core + _check(core) if DIGITS[-weighed % len(DIGITS)] == number[-1] else ""


def _check(core: str) -> str:
    """The last digit of an ISBN of 13: the twelve before it count once and three times by turns."""
    return str(-(sum(map(int, core[::2])) + 3 * sum(map(int, core[1::2]))) % 10)


def issn8(written: str) -> str:
    """The ISSN in *written* as 1234-567X, or nothing when its check digit is wrong."""
    found = ISSN_LIKE.search(_plain(written))
    number = found[0].replace("–", "").replace("-", "") if found else ""
    return str(issn.format(number)) if issn.is_valid(number) else ""


def _plain(written: str) -> str:
    return written if written.isascii() else unicodedata.normalize("NFKC", written)
