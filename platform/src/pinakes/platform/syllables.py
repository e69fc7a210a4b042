"""The syllables of Mandarin in pinyin, without tones; ü is u."""

from functools import lru_cache

_FINALS = {
    "": "a ai an ang ao e ei en eng er o ou",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan ue un uo",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan ue un uo",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u ua uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}
SYLLABLES = frozenset(
    initial + final for initial, finals in _FINALS.items() for final in finals.split()
)
INITIALS = frozenset("abcdefghjklmnopqrstwxyz")
LONGEST = max(map(len, SYLLABLES))
MOST_READINGS = 6


@lru_cache(maxsize=10_000)
def readings(word: str) -> tuple[tuple[str, ...], ...]:
    """The ways to read letters as pinyin, longest syllables first: xian is xian or xi an."""
    found: list[tuple[str, ...]] = []
    _extend(word.replace("v", "u"), (), found, set())
    return tuple(found)


def _extend(
    rest: str, so_far: tuple[str, ...], found: list[tuple[str, ...]], dead: set[int]
) -> None:
    """Add every reading of *rest*; *dead* are the lengths of ends that cannot be read."""
    if not rest:
        found.append(so_far)
    known = len(found)
    for length in range(min(LONGEST, len(rest)), 0, -1):
        left = len(rest) - length
        if len(found) < MOST_READINGS and left not in dead and rest[:length] in SYLLABLES:
            _extend(rest[length:], (*so_far, rest[:length]), found, dead)
    if rest and len(found) == known:
        dead.add(len(rest))
