"""Card numbers: ours carry the branch and two check digits; old ones are any printable word.

A number has no @, for NUMBER@LIBRARY says at the log-in whose of several is meant.
"""

from secrets import randbelow

from stdnum.iso7064 import mod_97_10

from pinakes.platform.errors import BadRequest

LONGEST = 40
BRANCH, SERIAL, CHECK = 5, 8, 2  # digits


class CardMalformed(BadRequest):
    code = "card_malformed"
    title = "This cannot be a card number"


class CardMistyped(BadRequest):
    code = "card_mistyped"
    title = "The check digits of this card number do not fit"


class CardOfAnother(BadRequest):
    code = "card_of_another"
    title = "Only another branch can issue this card number"


def issue(branch: int) -> str:
    """A new number of *branch*: its own number, eight random digits, check digits.

    The serial is drawn by lot, so that nobody guesses the next one. The check
    digits (ISO/IEC 7064, MOD 97-10) find every wrong digit and every swapped pair.
    """
    number = f"{branch:0{BRANCH}}{randbelow(10**SERIAL):0{SERIAL}}"
    return number + mod_97_10.calc_check_digits(number)


def is_issued(number: str) -> bool:
    """Whether *number* could be one of ours, its check digits being right."""
    return ours(number) and bool(mod_97_10.is_valid(number))


def is_issued_by(number: str, branch: int) -> bool:
    """Whether *number* could be one that *branch* has issued."""
    return is_issued(number) and int(number[: -SERIAL - CHECK]) == branch


def is_of_another(number: str, branch: int) -> bool:
    """Whether *number* looks like a card of another branch; identity numbers are longer."""
    issued = len(number) == BRANCH + SERIAL + CHECK and is_issued(number)
    return issued and not is_issued_by(number, branch)


def ours(number: str) -> bool:
    """Whether *number* has the form of ours, right or mistyped."""
    return number.isascii() and number.isdigit() and len(number) >= BRANCH + SERIAL + CHECK


def tidy(number: str) -> str:
    """A presented or printed number without the spaces around it, or CardMalformed."""
    found = number.strip()
    if not 0 < len(found) <= LONGEST or not found.isprintable() or "@" in found:
        raise CardMalformed(f"A card number has 1 to {LONGEST} printable characters, and no @.")
    return found


def alias(number: str, branch: int) -> str:
    """An old barcode that *branch* may keep; another branch's cards are nobody's alias here."""
    found = tidy(number)
    if is_of_another(found, branch):
        raise CardOfAnother("An old barcode cannot be a number that another branch issues.")
    return found


def checked(number: str, branch: int) -> str:
    """A number of ours that *branch* may issue; any other one comes in as an old barcode only."""
    found = tidy(number)
    if not is_issued_by(found, branch):
        raise CardMistyped(
            "This is no number of this branch. Type it again; or, when it is a barcode "
            "from before, say that it is an old one."
        )
    return found
