"""Words as a reader wants to see them: blanks, marks and cataloguers' punctuation taken away."""

import re
import unicodedata

MARKS = re.compile("[\x00-\x1e\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
ABBREVIATIONS = (
    "co.", "inc.", "ltd.", "corp.", "bros.", "dept.", "jr.", "sr.", "etc.", "ed.", "vol.", "al.",
    "st.", "univ.", "cm.", "ill.", "col.",
)  # fmt: skip
INITIAL = 2  # characters: J.


def plain(text: str) -> str:
    """Composed, without control characters, each run of blanks (full-width too) one blank."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if text.isprintable() and "  " not in text:  # no other blank is printable
        return text.strip()
    return " ".join(MARKS.sub(" " if text.isascii() else "", text).split())


def trimmed(text: str) -> str:
    """Without the ISBD punctuation that leads to the next part, and without a closing full stop."""
    text = text.rstrip(" /:;=,،؛")
    if text[-1:] != ".":
        return text
    if text[-2:-1] > "\u2e7f":  # no abbreviation in Chinese or Japanese
        return text[:-1]
    if " " in text[-3:] or "." in text[-3:-1] or len(text) <= INITIAL:
        return text
    return text if text.rpartition(" ")[2].lower() in ABBREVIATIONS else text[:-1]


def unbracketed(text: str) -> str:
    """Without the brackets around words that a cataloguer supplied."""
    if text[:1] == "[" and text[-1:] == "]" and "[" not in text[1:]:
        return text[1:-1]
    return balanced(text)


def balanced(text: str) -> str:
    """Without brackets that open or close in another field."""
    return text.replace("[", "").replace("]", "") if text.count("[") != text.count("]") else text
