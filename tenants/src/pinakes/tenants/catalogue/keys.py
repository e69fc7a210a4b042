"""Numbers of books in one form, however they are written."""

import re
import unicodedata
from functools import lru_cache

from stdnum import isbn, issn

ISBN_LIKE = re.compile(r"(?<![0-9])(?:97[89][- ]?)?[0-9](?:[- ]?[0-9]){8}[- ]?[0-9Xx](?![0-9Xx])")
ISSN_LIKE = re.compile(r"(?<![0-9])[0-9]{4}[-–]?[0-9]{3}[0-9Xx](?![0-9])")


@lru_cache(maxsize=50_000)
def isbn13(written: str) -> str:
    """The 13 digits of the first ISBN in *written*, or nothing when its check digit is wrong."""
    found = ISBN_LIKE.search(_plain(written))
    if found is None:
        return ""
    try:
        return str(isbn.to_isbn13(isbn.validate(found[0])))
    except isbn.ValidationError:
        return ""


def issn8(written: str) -> str:
    """The ISSN in *written* as 1234-567X, or nothing when its check digit is wrong."""
    found = ISSN_LIKE.search(_plain(written))
    number = found[0].replace("–", "").replace("-", "") if found else ""
    return str(issn.format(number)) if issn.is_valid(number) else ""


def _plain(written: str) -> str:
    return written if written.isascii() else unicodedata.normalize("NFKC", written)
