"""What other catalogues make of the same records: Open Library of MARC 21, dp2 of CNMARC."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from marcs import data_file, one

from pinakes.tenants.catalogue.marc import Record, Title, read, title_of
from pinakes.tenants.catalogue.marc.taking import parts_of

OPEN_LIBRARY = "marc21/openlibrary-oracle"
WORKSHEETS = "cnmarc/dp2-worksheet-cases.json"

OTHERWISE = {  # where we differ from Open Library, and mean to
    ("880_alternate_script", "subjects"): "bodies are not turned round: Apple Computer, Inc.",
    ("880_arabic_french_many_linkages", "subjects"): "nor are headings: Africa, North",
    ("880_arabic_french_many_linkages", "subject_places"): "the same",
    ("880_arabic_french_many_linkages", "series"): "a series is shown with its part",
    ("lc_0444897283", "series"): "the same",
    ("engineercorpsofh00sher_meta", "other_titles"): "a uniform title goes without its language",
    ("engineercorpsofh00sher", "other_titles"): "the same",
    ("talis_245p", "title"): "the title of a part belongs to the title",
    ("talis_245p", "subtitle"): "the same",
    (
        "talis_no_title",
        "title",
    ): "without 245 the whole uniform title stands for it: Plays. selections",
    ("talis_multi_work_tiles", "title"): "without 245, 130 goes before 240",
    ("wrapped_lines", "notes"): "where it is indexed (510) is for cataloguers",
    ("wwu_51323556", "notes"): "where a copy came from (541) is for cataloguers",
}


def plain(words: str) -> str:
    """What is compared: letters and digits."""
    folded = unicodedata.normalize("NFC", words).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def cases() -> Iterator[tuple[str, dict[str, Any], Record]]:
    for kind, ending in (("bin", ".mrc"), ("xml", "_marc.xml")):
        for expected in sorted(data_file(f"{OPEN_LIBRARY}/{kind}_expect").glob("*.json")):
            folder = expected.parents[1] / f"{kind}_input"
            [path] = folder.glob(f"{expected.stem}{ending}*")
            with path.open("rb") as file:
                record = next(iter(read(file)))
            assert isinstance(record, Record), expected.stem
            yield expected.stem, json.loads(expected.read_text("utf-8")), record


class Ours:
    """What we make of a record, part by part, in both scripts."""

    def __init__(self, record: Record) -> None:
        self.title = title_of(record)
        self.parts = parts_of(record)

    def both(self, part: str) -> list[str]:
        return [plain(words) for taken in self.parts[part] for words in (taken.words, taken.twin)]

    def starts(self, found: Iterable[str], wanted: str) -> bool:
        return any(words.startswith(plain(wanted)) for words in found)

    def has(self, part: str, wanted: Any) -> bool:
        """Whether we say what Open Library says in *part*."""
        return PARTS[part](self, wanted) if part in PARTS else True


def several(wanted: list[str] | str) -> list[str]:
    return wanted.split("\n\n") if isinstance(wanted, str) else wanted


def each(part: str) -> Callable[[Ours, Any], bool]:
    """Each of what is wanted begins one of our words in *part*."""

    def has(ours: Ours, wanted: Any) -> bool:
        return all(ours.starts(ours.both(part), one) for one in several(wanted))

    return has


def within(part: str) -> Callable[[Ours, Any], bool]:
    """Each of what is wanted stands somewhere in *part*."""

    def has(ours: Ours, wanted: Any) -> bool:
        return all(plain(one) in " ".join(ours.both(part)) for one in several(wanted))

    return has


def titled(ours: Ours, wanted: Any) -> bool:
    known = {plain(words) for words in (ours.title.title, *ours.title.titles)}
    return {plain(one) for one in wanted} <= known


def classed(ours: Ours, wanted: Any) -> bool:
    return {plain(one) for one in wanted} <= {plain(one.number) for one in ours.title.classes}


def named(ours: Ours, wanted: Any) -> bool:
    names = [plain(word) for name in ours.title.names for word in (name.name, *name.others)]
    return all(ours.starts(names, author["name"]) for author in wanted)


def numbered(ours: Ours, wanted: Any) -> bool:
    said = " ".join(one.written.replace("-", "") for one in ours.title.isbn)
    return all(one in said for one in wanted)


PARTS: dict[str, Callable[[Ours, Any], bool]] = {
    "title": lambda ours, wanted: plain(ours.title.title) == plain(wanted),
    "subtitle": lambda ours, wanted: any(
        plain(wanted) in ours.both(part) for part in ("subtitle", "parallel")
    ),
    "authors": named,
    "publish_date": lambda ours, wanted: (
        not wanted[:4].isdigit() or wanted[:4] == str(ours.title.year)
    ),
    "publishers": within("publisher"),
    "publish_places": within("place"),
    "languages": lambda ours, wanted: (
        set(wanted) == set(ours.title.languages or [ours.title.language])
    ),
    "translated_from": lambda ours, wanted: wanted == [ours.title.original],
    "isbn_10": numbered,
    "isbn_13": numbered,
    "lc_classifications": classed,
    "dewey_decimal_class": classed,
    "other_titles": titled,
    "work_titles": titled,
    "series": each("series"),
    "edition_name": each("edition"),
    "by_statement": each("responsibility"),
    "pagination": each("extent"),
    "subjects": within("subjects"),
    "subject_places": within("subjects"),
    "subject_times": within("subjects"),
    "notes": within("notes"),
    "links": lambda ours, wanted: (
        {one["url"] for one in wanted} <= {link.url for link in ours.title.links}
    ),
}


def test_open_library_understands_the_same_records_the_same_way() -> None:
    compared, differences = 0, set[tuple[str, str]]()
    for name, expected, record in cases():
        ours = Ours(record)
        for part, wanted in expected.items():
            compared += 1
            if not ours.has(part, wanted):
                differences.add((name, part))
    assert differences == set(OTHERWISE)
    assert compared > 400


AREAS: dict[str, Callable[[Title], str]] = {  # what dp2 calls each part, and how it is put together
    "author": lambda t: t.responsibility,
    "title": lambda t: t.full,
    "title_area": lambda t: " / ".join(
        filter(None, [" = ".join([t.full, *t.parallel]), t.responsibility])
    ),
    "edition_area": lambda t: t.edition,
    "material_specific_area": lambda t: t.specific,
    "publication_area": lambda t: f"{t.place} : {t.publisher}, {t.published}",
    "publisher": lambda t: t.publisher,
    "publishtime": lambda t: t.published,
    "material_description_area": lambda t: t.extent,
    "pages": lambda t: t.extent,
    "series_area": lambda t: f"({t.series[0]})",
    "clc_class": lambda t: t.classes[0].number,
    "classes": lambda t: f"中图法分类号: {t.classes[0].number}",
}
APART = {  # where we part words that dp2 shows in one line, or the other way about
    "TestMarcTable_200_07": "all parts of a title stand before those responsible for them",
    "TestMarcTable_200_11": "all titles of a volume stand before those responsible for them",
    "TestMarcTable_200_11_1": "the same",
    "TestMarcTable_206_ex1": "coordinates without brackets",
    "TestMarcTable_206_ex2": "the same",
    "TestMarcTable_206_ex7": "the same",
    "TestMarcTable_specific_5": "the same",
    "TestMarcTable_specific_6": "the same",
    "TestMarcTable_210_3": "place and publisher are told apart",
    "TestMarcTable_pages_1": "pages are not told from the rest of the extent",
}


def test_dp2_shows_the_parts_of_chinese_records_the_same_way() -> None:
    with data_file(WORKSHEETS).open(encoding="utf-8") as file:
        worksheets = json.load(file)
    differences = set[str]()
    for case in worksheets:
        lines = case["worksheet"].split("\n")[1:]
        title = title_of(one(*map(written, lines), *title_if_none(lines)))
        for expected in case["expected"]:
            if said(title, expected["type"]) != expected["value"]:
                differences.add(case["name"])
    assert differences == set(APART)


def said(title: Title, part: str) -> str:
    return AREAS[part](title)


def written(line: str) -> str:
    """``2001 ǂa…`` as our tests write it."""
    tag, indicators, rest = line[:3], line[3:].split("ǂ", 1)[0], line.split("ǂ", 1)[1]
    return f"{tag} {indicators.replace(' ', '_')} ${rest.replace('ǂ', '$')}"


def title_if_none(lines: list[str]) -> list[str]:
    """Fields that make a record of a single one, in the right dialect."""
    return ["801 _0 $bX"] if lines[0][:3] == "200" else ["200 1_ $aX", "801 _0 $bX"]
