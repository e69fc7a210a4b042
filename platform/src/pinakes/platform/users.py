"""Accounts in the form in which Keycloak's admin API takes them; pure."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from os import urandom
from typing import Any
from uuid import UUID

from argon2.low_level import Type, hash_secret
from msgspec import Struct
from msgspec.structs import replace

CARDS = "card_number"
UPDATE_PASSWORD = "UPDATE_PASSWORD"  # noqa: S105 - Keycloak's name of a required action
USER_NAME = re.compile(r"[\w.:+@-]{3,255}", re.ASCII)  # what Keycloak takes for a user name

# A first PIN lives until the first log-in and is often printed on a list: 3 ms of one core each
# are enough for it, and 20,000 of them are one minute.
ROUNDS, MEMORY, LANES, LENGTH = 1, 7168, 1, 32

type User = dict[str, Any]


class NewReader(Struct, frozen=True):
    """A person who has no account yet. The first PIN has to be changed at the first log-in."""

    person: UUID
    card: str
    home: str
    pin: str | None = None
    others: tuple[str, ...] = ()  # more numbers of the same person


def staff(
    name: str, branch: str, grants: list[str], password: str | None, *, temporary: bool = False
) -> User:
    """A member of staff."""
    attributes = {"branch": [branch], "grants": grants}
    told: User = {"username": name, "enabled": True, "attributes": attributes}
    return told | secret(password, temporary=temporary)


def reader(new: NewReader, *, temporary: bool) -> User:
    """A reader, by all but a user name."""
    attributes = {"person": [str(new.person)], "home": [new.home], CARDS: [new.card, *new.others]}
    return {"enabled": True, "attributes": attributes} | secret(new.pin, temporary=temporary)


def secret(word: str | None, *, temporary: bool = False) -> User:
    if word is None:
        return {}
    return {"credentials": [{"type": "password", "value": word, "temporary": temporary}]}


def names(card: str, person: str, home: str) -> Iterator[str]:
    """What an account may be called, the best first: a number is often printed on two cards."""
    if USER_NAME.fullmatch(card):
        yield card.lower()
        yield f"{card}@{home}".lower()
    yield person


def moved(user: User, number: str) -> tuple[User, list[str]]:
    """A reader without this card, and the names that the account may take if it had that one."""
    attributes = user["attributes"]
    person, home = attributes["person"][0], attributes["home"][0]
    left = [card for card in attributes.get(CARDS, []) if card != number]
    kept = user | {"attributes": attributes | {CARDS: left}}
    if user["username"] not in names(number, "", home):
        return kept, [user["username"]]
    return kept, list(names(left[0], person, home)) if left else [person]


def imported(new: NewReader) -> User:
    """A reader whose first PIN is sealed here, so that the issuer has nothing to compute."""
    user = reader(replace(new, pin=None), temporary=True)
    user["username"] = next(names(new.card, str(new.person), new.home))
    if new.pin is not None:
        user |= {"credentials": [sealed(new.pin)], "requiredActions": [UPDATE_PASSWORD]}
    return user


def sealed(pin: str) -> dict[str, str]:
    """A PIN as Keycloak keeps it."""
    salt = urandom(16)
    text = hash_secret(pin.encode(), salt, ROUNDS, MEMORY, LANES, LENGTH, Type.ID).decode()
    value = text.rpartition("$")[2]
    how = {"type": "id", "version": "1.3", "memory": MEMORY, "parallelism": LANES}
    data = {
        "algorithm": "argon2",
        "hashIterations": ROUNDS,
        "additionalParameters": {
            name: [str(value)] for name, value in (how | {"hashLength": LENGTH}).items()
        },
    }
    return {
        "type": "password",
        "secretData": json.dumps({"value": padded(value), "salt": b64encode(salt).decode()}),
        "credentialData": json.dumps(data),
    }


def padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
