"""How Chinese is said: the dictionaries of pypinyin, without the program around them.

That one takes 50 MB, and ten times as long over a name that it does not know.
"""

import unicodedata
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

import msgspec

PHRASES = msgspec.json.Decoder(dict[str, msgspec.Raw])  # each alone, for memory's sake
WAYS = msgspec.json.Decoder(list[list[str]])
CHARACTERS = msgspec.json.Decoder(dict[int, str])
TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0302\u0304\u0308\u030c"))  # and those of ü and ê


class NoDictionary(LookupError):
    """pypinyin is not installed as it should be."""


@cache
def known() -> dict[str, str]:
    """Characters and phrases, each with its likeliest syllables, blanks between them."""
    spec = PathFinder.find_spec("pypinyin")
    if spec is None or spec.origin is None:
        raise NoDictionary("pypinyin")
    folder = Path(spec.origin).parent
    phrases = PHRASES.decode((folder / "phrases_dict.json").read_bytes())
    characters = CHARACTERS.decode((folder / "pinyin_dict.json").read_bytes())
    said = {chr(point): ways.partition(",")[0] for point, ways in characters.items()}
    for phrase, ways in phrases.items():
        said[phrase] = " ".join([way for way, *_ in WAYS.decode(ways)])
    return said


@cache
def longest() -> int:
    """How many characters the longest phrase has."""
    return max(map(len, known()))


@lru_cache(maxsize=50_000)
def reading(phrase: str) -> list[str]:
    """The syllables of a known phrase without tones, ü as u; what is not known stays."""
    said = known().get(phrase)
    return unicodedata.normalize("NFD", said).translate(TONES).split() if said else [phrase]
