"""Which mark stands on which letter: what tells MARC-8 from another set read as MARC-8.

Facts of the languages in Latin letters, and of the romanisations that catalogues use (ALA-LC). In
Latin-1 and its kin each of these bytes is a letter: read as MARC-8, *Prévert* has a caron on its V.
"""

import re

from pinakes.tenants.catalogue.marc import western

LETTERS = {
    0xE0: "aeiouy",  # hook above: Vietnamese
    0xE1: "aeiouwy",  # grave
    0xE2: "aeiouycglknrsz",  # acute
    0xE3: "aeiouwycghjsz",  # circumflex
    0xE4: "aeiouyn",  # tilde
    0xE5: "aeiouy",  # macron
    0xE6: "aeioug",  # breve
    0xE7: "eioucghmnsyz",  # dot above
    0xE8: "aeiouyhwx",  # two dots above
    0xE9: "ecdgjklnrstz",  # caron
    0xEA: "auwy",  # ring above
    0xED: "dlt",  # comma above, to the right: Slovak
    0xEE: "ou",  # two acutes
    0xEF: "im",  # candrabindu
    0xF0: "cgklnrst",  # cedilla
    0xF1: "aeiou",  # ogonek
    0xF2: "abdehiklmnorstuvwyz",  # dot below
    0xF3: "stuz",  # two dots below
    0xF4: "r",  # ring below
    0xF5: "deghkostz",  # two lines below
    0xF6: "bdghklnrstz",  # line below
    0xF7: "gklnrst",  # comma below
    0xF8: "co",  # cedilla to the right
    0xF9: "h",  # breve below
    0xFE: "cgklmnpqstwxyz",  # comma above
}
"""The letters under each mark, in either case; marks over two letters come in halves, below."""

BEYOND = r"\xa1-\xa6\xac\xad\xb1-\xb6\xb8\xbc\xbd"  # letters of ANSEL that may bear a mark
NO_LETTER = r"\x00-`{-\x7f"
MARK, ABOVE, TONE = r"\xe0-\xfe", r"\xe0-\xe9", r"\xe0-\xe2\xe4"
LEFT, RIGHT = r"\xeb\xfa", r"\xec\xfb"  # halves of what spans two letters
OTHERS = r"\x8d\x8e\xa9\xb3\xb9"
CONSONANT = "b-df-hj-np-tv-z"

PAIRED = (
    rf"(?<=[\xe3\xe6])[{TONE}]|(?<=[{TONE}])[\xe3\xe6]"  # Vietnamese
    r"|(?<=\xe8)[\xe1\xe2\xe4\xe5\xe9]|(?<=[\xe1\xe2\xe4\xe5\xe9])\xe8"  # Pinyin, Greek
    rf"|(?<=\xe5)[{TONE}\xe6\xe7]|(?<=[{TONE}\xe6\xe7])\xe5"
    r"|(?<=[\xf1\xf2\xf4\xf8])[\xe0-\xe8]|(?<=[\xe0-\xe8])[\xf1\xf2\xf4\xf8]"  # below and above
    rf"|(?<=[{LEFT}{RIGHT}])[{ABOVE}]|(?<=[{ABOVE}])[{LEFT}{RIGHT}]"
)
"""Two marks that one letter may bear."""

PLACES = (
    r"(?<=[dtpxfc]\xe9)c|(?<=h\xe9)ct|(?<=[tcgpbksfh]\xe9)z",
    r"(?<=[gmbprhtnfk]\xe9)n|(?<=[msnfgjlxrc]\xe9)r|(?<=[tdcghzfs]\xe9)s",
    r"(?<=[aioucgj]\xe9)e|(?<=[aeioun]s\xe9)e|(?<=[tsbpvczmdfk]\xe9)g|(?<=l\xe9)g(?=e)",
    r"(?<=[b-df-hj-np-rtv-z]\xe9)t|(?<=i\xe9)t(?=[a-z])|(?<=[^a-z\xa1-\xfe]\xe9)(?:t|d[iu]|le)",
    rf"(?<=[{CONSONANT}]\xe9)(?:[dl]|(?<![{MARK}].\xe9)s(?![a-z]))",
    r"(?<=[^a-z]r\xe9)[gns]|(?<=pr\xe9)se",
    rf"(?<=[{CONSONANT}]\xed)[dlt]|(?<=[b-df-hklmp-tv-z]\xe4)n|(?<=\xe4)[iu](?=[slfz])",
    r"(?<=\xe7)[mn](?=[aeiou])|(?<=\xe7)s(?![a-z\xa1-\xfe])",
    r"(?<=[in]\xe7)o|(?<=[aeou]\xf1)(?<![\xe0-\xfe][aeou]\xf1)[aeiu]|(?<=[aeiou]\xf1)o",
    r"(?<=k\xf6)[dlnr-t]|(?<=[bdfjlmrvwz]\xf6)h",
    r"(?<=[bcdfghjlmrvwz]\xf6)(?<!\xf6.\xf6)[b-df-gj-np-tv-z]",
)
"""Where a letter does not stand with its mark: R with the caron behind M (Amérique), N with the
tilde behind L (Länder), L with the line behind K (Köln), A with the ogonek behind A (España), S
with the dot at a word's end (Greek in cp1257)."""

SIGNS = (
    r"(?<=[\x8d\x8e])|(?<=\xa9)(?=[0-9])|(?<=[a-z]\xb9)|(?<=\xb9)(?=[a-z])"
    r"|(?<=[bcgkpswz]\xb3)|(?<=\xb3)y|(?<=[a-z]\xb3)(?![a-z\xa1-\xfe])"
)
"""Joiners, a flat before a year, a pound in a word, a barred D where Polish has an L."""

STRANGE = re.compile(
    (
        f"[{MARK}{OTHERS}](?:"
        + "|".join(
            (
                *(
                    rf"(?<=\x{mark:x})[^{letters}{BEYOND}{MARK}{NO_LETTER}]"
                    for mark, letters in LETTERS.items()
                ),
                rf"(?<=[{MARK}])(?=[{MARK}])(?!{PAIRED})",
                rf"(?<=[{LEFT}])(?![{ABOVE}]?[a-z][{ABOVE}]?[{RIGHT}])",
                rf"(?<=[{RIGHT}])(?<![{LEFT}][a-z].)(?<![{LEFT}][a-z][{ABOVE}].)"
                rf"(?<![{LEFT}][{ABOVE}][a-z].)",
                *PLACES,
                SIGNS,
            )
        )
        + ")"
    ).encode(),
    re.DOTALL,
)
MARKS = re.compile(f"[{MARK}]".encode())
PILE = re.compile(rb"[\xe0-\xfe]{3}")
CAPITAL = re.compile(
    rb"[\xa1-\xa6](?<=[A-Za-z].)(?<!\x1f..)(?:(?<=[a-z].)|(?=[a-z\xa1-\xa6]))"  # cp850: a small one
    rb"|\xa3(?=[0-9])"  # Latin-1: pounds
)
"""A capital within a word that is not all in capitals, or before a figure."""
ARTICLE = re.compile(rb"(?<![a-z\xa1-\xfe])\x88[^\x1d-\x1f\x88\x89]*\x89")
NOT_SORTED = re.compile(rb"[\x88\x89]")  # where an article begins and ends; cp850 and Mac: letters
SIGN = re.compile(rb"[a-z][\xa7\xae\xb0][a-z\xe0-\xfe]")  # within a word, as Latin-1 never has them
SHIFTED = re.compile(rb"\x1b[^\x1d-\x1f]*")  # each subfield begins in the usual sets
SUBFIELD = re.compile(rb"\x1f.")
BEARABLE = 1 / 3
"""The share of marks that errors may misplace; 1 / 4 refuses twice as much of what is honest."""


def misplaced(body: bytes) -> bool:
    """Whether so many marks stand where no language puts them, or as the letters of Latin-1 do."""
    usual = SHIFTED.sub(b"", body) if b"\x1b" in body else body
    if PILE.search(usual):
        return True
    small = SUBFIELD.sub(b"\x1f", usual.lower())
    if NOT_SORTED.search(small) and NOT_SORTED.search(ARTICLE.sub(b"", small)):
        return True
    strange = len(STRANGE.findall(small)) + len(CAPITAL.findall(usual))
    if strange > BEARABLE * len(MARKS.findall(usual)):
        return True
    if SIGN.search(small):
        return False
    like_letters, places = western.places(small)
    return like_letters > 0 and like_letters + strange > western.MOSTLY * places
