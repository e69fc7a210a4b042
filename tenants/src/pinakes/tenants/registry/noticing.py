"""What branches decide about notices: in which words each kind is sent, and what it can tell."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from pinakes.platform.errors import BadRequest
from pinakes.platform.words import whole

ALWAYS = ("library", "link")  # the reader's home, and the page of the reader's loans
PLACE = re.compile(r"\{([a-z_]+)\}")

Subject = Annotated[str, Meta(min_length=1, max_length=200, pattern=whole(r"[^\x00-\x1f\x7f]+"))]
Body = Annotated[str, Meta(min_length=1, max_length=5000)]
Address = Annotated[str, Meta(max_length=254, pattern=whole(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+"))]


class Told(Struct, frozen=True):
    """One kind of notice, and what stands in braces in its words."""

    zh: str
    en: str
    places: tuple[str, ...]


KINDS: Mapping[str, Told] = {
    "ready": Told("预约书已到", "ready for pickup", ("title", "pickup", "until")),
    "expired": Told("预约书逾期未取", "not picked up in time", ("title", "pickup")),
    "gone": Told("预约书暂不可取", "not to be picked up after all", ("title", "pickup")),
    "unfilled": Told("预约未能满足", "request not filled", ("title",)),
    "copy": Told("复制件已到", "copy ready", ("title", "pickup")),
    "condition": Told("外馆提出条件", "a library sets a condition", ("title",)),
    "not_renewed": Told("续借未获同意", "not renewed", ("title",)),
    "recalled": Told("图书催还", "wanted back", ("title", "due")),
    "barred": Told("预约暂缓办理", "request has to wait", ("title",)),
    "corrected": Told("勘误已更正", "a mistake was corrected", ("title", "answer")),
    "left": Told("勘误已核对", "no mistake after all", ("title", "answer")),
    "due_soon": Told("即将到期", "due soon", ("titles", "due")),
    "overdue": Told("已逾期", "overdue", ("titles", "due")),
}


class Wording(Struct, frozen=True, forbid_unknown_fields=True):
    """Plain words; ``{title}`` and its like are filled in, and nothing else is looked at."""

    subject: Subject
    body: Body


class Wordings(Struct, frozen=True, forbid_unknown_fields=True):
    """A branch's own words in each language; none = those of the house."""

    zh: Wording | None = None
    en: Wording | None = None


class PlaceUnknown(BadRequest):
    code = "notice_place_unknown"
    title = "A notice of this kind cannot tell that"


def refuse_unknown(kind: str, words: Any) -> None:
    """Raise PlaceUnknown when *words* (Wording or Wordings) name what this kind does not know."""
    known = {*KINDS[kind].places, *ALWAYS}
    said = [words] if isinstance(words, Wording) else [words.zh, words.en]
    named = {
        name
        for one in said
        if one
        for text in (one.subject, one.body)
        for name in PLACE.findall(text)
    }
    if unknown := sorted(named - known):
        raise PlaceUnknown(
            f"{', '.join(unknown)}: there are {', '.join(sorted(known))}.", unknown=unknown
        )
