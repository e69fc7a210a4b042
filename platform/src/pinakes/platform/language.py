"""What the pages say, in Chinese and English.

English words in the code are the message ids. Each package may hold its Chinese
ones in ``locale/zh.po``; they are read once, and nothing is compiled.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

import pinakes

LANGUAGES = ("zh", "en")
TAGS = {"zh": "zh-CN", "en": "en"}  # for the reader's browser
LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}  # for dates and numbers

spoken: ContextVar[str] = ContextVar("spoken", default=LANGUAGES[0])


@contextmanager
def speaking(language: str) -> Generator[None]:
    """Speak one of LANGUAGES until the block ends."""
    token = spoken.set(language)
    try:
        yield
    finally:
        spoken.reset(token)


def _(message: str) -> str:
    """*message* in the language being spoken."""
    return words(spoken.get()).gettext(message)


def either(one: str, many: str, count: int) -> str:
    """The words for this *count* in the language being spoken."""
    return words(spoken.get()).ngettext(one, many, count)


def says(message: str) -> bool:
    """Whether *message* is meant for people: then it stands in the books; programs get others."""
    return any(words(language).gettext(message) != message for language in LANGUAGES)


def later(message: str) -> str:
    """Mark a *message* that is said later, in the language that is spoken then."""
    return message


@cache
def words(language: str) -> NullTranslations:
    """All that the house can say in one language."""
    said: NullTranslations = NullTranslations()
    for file in books(language):
        book = bound(file, language)
        said = said.add(book) if isinstance(said, Translations) else book
    return said


def books(language: str) -> Iterator[Path]:
    """The message files of one language, wherever a package holds one."""
    for root in pinakes.__path__:
        yield from sorted(Path(root).glob(f"**/locale/{language}.po"))


def bound(file: Path, language: str) -> Translations:
    """One message file, ready to be asked."""
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language, abort_invalid=True))
    compiled.seek(0)
    return Translations(compiled)


def understood(header: str) -> str:
    """The language that an Accept-Language *header* likes best."""
    wishes = sorted(map(wish, header.lower().split(",")), reverse=True)
    spoken_here = (tag for weight, tag in wishes if tag in LANGUAGES and weight > 0)
    return next(spoken_here, "en" if header.strip() not in {"", "*"} else LANGUAGES[0])


def wish(entry: str) -> tuple[float, str]:
    """The weight and the primary tag of one entry, such as ``en-gb;q=0.8``."""
    tag, _, weight = entry.partition(";q=")
    try:
        return (float(weight) if weight else 1.0), tag.strip().partition("-")[0]
    except ValueError:
        return 0.0, ""
