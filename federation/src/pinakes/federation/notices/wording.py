"""What a notice says: a branch's own words or those of the house, filled in.

Words are never run: ``{title}`` and its like are replaced by plain lines, and
anything else stands as it was written.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from msgspec import Struct

from pinakes.platform.directory import Tenant
from pinakes.platform.language import speaking
from pinakes.platform.show import short_day
from pinakes.tenants.registry.noticing import PLACE, Wording, Wordings

UNKNOWN = "—"


class Facts(Struct, frozen=True, omit_defaults=True):
    """What one notice tells; moments are seconds since 1970."""

    title: str = ""
    titles: tuple[str, ...] = ()
    pickup: str = ""  # the code of a branch
    until: int | None = None
    due: int | None = None
    answer: str = ""  # of a library


SAMPLE = Facts(
    title="红楼梦",
    titles=("红楼梦", "Dream of the Red Chamber"),
    until=1_800_000_000,
    due=1_800_000_000,
    answer="已更正。",
)


class Scene(Struct, frozen=True):
    """Who tells it, and where: the home, the place of pickup, the page of the reader's loans."""

    home: Tenant
    pickup: Tenant | None
    link: str


@cache
def ours(kind: str, language: str) -> Wording:
    """The words of the house: a file with the subject, an empty line, and the text."""
    source = files(__package__).joinpath("texts", language, f"{kind}.txt").read_text("utf-8")
    subject, _, body = source.partition("\n\n")
    return Wording(subject.strip(), body)


def worded(kind: str, language: str, decided: Wordings, facts: Facts, scene: Scene) -> Wording:
    """Subject and text as the reader gets them."""
    own = decided.zh if language == "zh" else decided.en
    template = own or ours(kind, language)
    told = told_of(facts, scene, language)
    return Wording(plain(fill(template.subject, told)), fill(template.body, told))


def told_of(facts: Facts, scene: Scene, language: str) -> Mapping[str, str]:
    """What may stand in braces."""
    zone = scene.home.zone
    return {
        "library": plain(scene.home.name(language)),
        "link": scene.link,
        "title": plain(facts.title) or UNKNOWN,
        "answer": plain(facts.answer) or UNKNOWN,
        "titles": "\n".join(f"· {plain(title)}" for title in facts.titles),
        "pickup": plain(scene.pickup.name(language)) if scene.pickup else UNKNOWN,
        "until": day(facts.until, zone, language),
        "due": day(facts.due, zone, language),
    }


def fill(template: str, told: Mapping[str, str]) -> str:
    return PLACE.sub(lambda found: told.get(found[1], found[0]), template)


def plain(words: str) -> str:
    """One line without anything that is not shown: no line end gets into a header."""
    return " ".join("".join(one if one.isprintable() else " " for one in words).split())


def day(moment: int | None, zone: str, language: str) -> str:
    if moment is None:
        return UNKNOWN
    with speaking(language):
        return short_day(datetime.fromtimestamp(moment, UTC), zone)
