"""Where a reader is reached: the e-mail address among the ways that a contact names. Pure."""

import re

LOCAL, WHOLE = 64, 254  # characters that an address may have before its @, and at all
BETWEEN = re.compile(r"[\s,;:/|<>()，；：、／（）]+")
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])"
)


def address_in(contact: str | None) -> str | None:
    """The first e-mail address in *contact*, which may name a telephone as well."""
    for word in BETWEEN.split(contact or ""):
        if len(word) <= WHOLE and word.find("@") <= LOCAL and ADDRESS.fullmatch(word):
            return word
    return None
