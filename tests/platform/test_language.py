"""The house speaks Chinese and English, and leaves no word out in either."""

from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from re import sub
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import pinakes
from pinakes.main.problems import entries
from pinakes.platform.language import _, books, either, says, speaking, understood, words

KEYWORDS = {"_": None, "ngettext": (1, 2), "either": (1, 2), "later": None}
SOURCES = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
OWN_NAMES = {"Pinakes", "L", "R", "N", "U"}  # the house, and the letters of the desk's keys


def said() -> set[str]:
    """Every message of templates and code, and what the catalogue tells of every problem."""
    found = {told for entry in entries() for told in (entry.title, entry.about) if told}
    for root in pinakes.__path__:
        for _file, _line, message, *_rest in extract_from_dir(
            root, SOURCES, {"**": {}}, keywords=KEYWORDS
        ):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


def test_every_message_has_chinese_words_and_no_translation_is_left_over() -> None:
    commands = "pinakes.tenants.registry.bulk", "pinakes.federation.lending.righting"  # raise some
    for module in ("pinakes.main.app", "pinakes.platform.restored", *commands):
        import_module(module)
    written: dict[str, Any] = {}
    for book in books("zh"):
        with book.open("rb") as file:
            for message in read_po(file, locale="zh", abort_invalid=True):
                id = message.id if isinstance(message.id, str) else message.id[0]
                written[id] = message
    messages = said()
    unsaid = {id for id, message in written.items() if id and not any(message.string)}
    assert sorted(messages - written.keys()) == []
    assert sorted(written.keys() - messages - {""}) == []
    assert not unsaid
    assert not [id for id, message in written.items() if id and message.fuzzy]


class Literals(HTMLParser):
    """What a template says without asking for a translation."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent = tag == "svg" or (self.silent and tag in {"g", "rect", "path"})
        self.found += [value or "" for name, value in attrs if name in READ_ALOUD]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def literals(template: str) -> Iterator[str]:
    """Words of a template outside all its expressions."""
    parser = Literals()
    plain = sub(r"\{% block kind %\}.*?\{% endblock %\}", "", template)  # names of styles
    parser.feed(sub(r"\{[{%#].*?[}%#]\}", " ", plain))
    for text in parser.found:
        yield from (word for word in text.split() if any(letter.isalpha() for letter in word))


def templates() -> list[Path]:
    roots = [Path(root) for root in pinakes.__path__]
    return [
        file
        for root in roots
        for file in sorted(root.glob("**/templates/**/*.html"))
        if "issuer" not in file.parts  # it has words of its own, and a test of its own
    ]


@pytest.mark.parametrize("file", templates(), ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_a_template_says_nothing_without_a_translation(file: Path) -> None:
    assert [word for word in literals(file.read_text("utf-8")) if word not in OWN_NAMES] == []


def test_the_language_is_the_one_the_reader_likes_best() -> None:
    assert understood("") == "zh"
    assert understood("*") == "zh"
    assert understood("zh-TW,en;q=0.5") == "zh"
    assert understood("fr, en-GB;q=0.8, zh;q=0.1") == "en"
    assert understood("fr") == "en"
    assert understood("en;q=0, zh;q=oops") == "en"


def test_counts_are_said_in_the_grammar_of_the_language() -> None:
    with speaking("en"):
        assert either("in %(num)s day", "in %(num)s days", 1) == "in %(num)s day"
        assert either("in %(num)s day", "in %(num)s days", 2) == "in %(num)s days"
    with speaking("zh"):
        assert either("in %(num)s day", "in %(num)s days", 2) == "还有 %(num)s 天"


def test_what_cannot_be_said_is_known() -> None:
    with speaking("zh"):
        assert not says("Nobody has ever said this.")
        assert says("Log in")
        assert _("Log in") == "登录"
    with speaking("en"):
        assert not says("Send `Authorization: Bearer TOKEN`.")  # for programs, in English too
        assert says("Log in")
    assert words("en").gettext("Log in") == "Log in"
