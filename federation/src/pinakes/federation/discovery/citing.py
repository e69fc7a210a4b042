"""A title as others cite it: GB/T 7714, APA, and schema.org for machines. Pure."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from pinakes.platform.text import CJK_RUN
from pinakes.tenants.catalogue.marc import Name, Title

MOST_NAMES = 3
TYPES = {  # GB/T 7714-2015, annex B
    "article": "J", "serial": "J", "map": "CM", "software": "CP", "archive": "A",
    "manuscript": "Z", "kit": "Z", "object": "Z", "picture": "Z",
}  # fmt: skip
KINDS = {
    "article": "Article", "serial": "Periodical", "score": "SheetMusic", "map": "Map",
    "video": "VideoObject", "audiobook": "Audiobook", "music": "MusicRecording",
    "picture": "VisualArtwork", "software": "SoftwareApplication", "archive": "ArchiveComponent",
    "manuscript": "Manuscript",
}  # fmt: skip
FIRST = re.compile(r"(第?\s*[1一]\s*版|初版|(Di )?1 ban|1st ed(ition)?)", re.IGNORECASE)
UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def gbt7714(title: Title) -> str:
    """As Chinese theses cite it: 曹雪芹. 红楼梦[M]. 北京: 人民文学出版社, 2008."""
    names = [plain(one) for one in title.names]
    more = "等" if CJK_RUN.search(title.title) else "et al"
    whose = ", ".join([*names[:MOST_NAMES], *([more] if len(names) > MOST_NAMES else [])])
    what = f"{title.full.replace(' : ', ': ')}[{TYPES.get(title.form, 'M')}]"
    where = ": ".join(filter(None, (title.place, publisher(title))))
    came = ", ".join(filter(None, (where, str(title.year or ""))))
    edition = "" if FIRST.fullmatch(title.edition.strip(" .")) else title.edition
    return sentences(whose, what, edition, came)


def apa(title: Title) -> str:
    """As the West cites it: Cao, X. (2008). Hong lou meng. Ren min wen xue."""
    names = [western(one) for one in title.names][: MOST_NAMES * 2]
    whose = ", & ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    when = f"({title.year})" if title.year else "(n.d.)"
    what = title.full.replace(" : ", ": ")
    if not whose:
        return sentences(f"{what} {when}", publisher(title))
    return sentences(f"{whose} {when}", what, publisher(title))


def publisher(title: Title) -> str:
    """The first one named: behind it stand those who sell the book."""
    return title.publisher.partition(" : ")[0]


def sentences(*parts: str) -> str:
    """Parts with one full stop behind each."""
    return " ".join(f"{part.strip().rstrip('.')}." for part in parts if part.strip(" ."))


def plain(name: Name) -> str:
    """A name without the dates behind it."""
    parts = [part.strip() for part in name.name.split(",")]
    return ", ".join(part for part in parts if not any(map(str.isdigit, part)))


def western(name: Name) -> str:
    """Family, and initials; a Chinese name stays whole."""
    family, _, given = plain(name).partition(", ")
    initials = " ".join(f"{word[0]}." for word in given.split() if word[0].isalpha())
    return f"{family}, {initials}" if initials else family


def machine_readable(id: UUID, title: Title, address: str, libraries: Iterable[str]) -> str:
    """The title in JSON-LD, safe within a page."""
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": KINDS.get(title.form, "Book"),
        "@id": address,
        "identifier": f"urn:uuid:{id}",
        "name": title.full,
        "alternateName": title.titles,
        "author": [{"@type": "Person", "name": plain(one)} for one in title.names],
        "publisher": title.publisher and {"@type": "Organization", "name": title.publisher},
        "datePublished": str(title.year or ""),
        "inLanguage": title.language,
        "isbn": [one.isbn13 for one in title.isbn if one.isbn13],
        "issn": title.issn,
        "about": title.subjects,
        "bookEdition": title.edition,
        "description": title.summary,
        "offers": [
            {"@type": "Offer", "offeredBy": {"@type": "Library", "name": name}}
            for name in libraries
        ],
    }
    if title.form == "ebook":
        told["bookFormat"] = "https://schema.org/EBook"
    said = {name: value for name, value in told.items() if value}
    return msgspec.json.encode(said).decode().translate(UNSAFE)
