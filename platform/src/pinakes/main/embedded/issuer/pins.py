"""PINs and passwords: how they are kept, and which ones are too weak."""

import json
import re

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type, hash_secret_raw

# Argon2id as Keycloak and OWASP have it: 7 MiB and 15 ms of one core, so two cores check 130/s.
HASHER = PasswordHasher(time_cost=5, memory_cost=7168, parallelism=1, hash_len=32, salt_len=16)
STRANGER = HASHER.hash("nobody has this password")  # an unknown name must cost as much as a known
PIN = 6
PASSWORD = 12
VARIETY = 5  # different characters in a password
LONGEST = 256
MOST_MEMORY = 65_536  # KiB that an imported seal may want
KEYPAD = ("0123456789" * 2, "9876543210" * 2, "1234567890", "147258369", "741852963")


def seal(secret: str) -> str:
    """The form in which *secret* is kept."""
    return HASHER.hash(secret)


def fits(sealed: str | None, secret: str) -> bool:
    """Whether *secret* opens what is kept; as slow when nothing is kept, or only a first PIN."""
    kept = sealed or STRANGER
    try:
        return HASHER.verify(kept, secret) and sealed is not None
    except (Argon2Error, InvalidHashError):
        return False
    finally:
        work_on(HASHER.time_cost - rounds(kept))


def rounds(sealed: str) -> int:
    """How many rounds as heavy as ours the seal takes; first PINs are sealed with fewer."""
    try:
        told = extract_parameters(sealed)
    except InvalidHashError:
        return 0
    return round(told.time_cost * told.memory_cost / HASHER.memory_cost)


def work_on(rounds: int) -> None:
    """Spend the time of so many more rounds: else the clock tells which numbers are cards."""
    if rounds > 0:
        salt, memory, length = bytes(HASHER.salt_len), HASHER.memory_cost, HASHER.hash_len
        hash_secret_raw(b"", salt, rounds, memory, HASHER.parallelism, length, Type.ID)


def of_keycloak(secret: str, credential: str) -> str:
    """Our form of a secret that Keycloak has sealed (its ``secretData`` and ``credentialData``)."""
    sealed, how = json.loads(secret), json.loads(credential)
    with_what = how["additionalParameters"]
    if how["algorithm"] != "argon2" or with_what["type"] != ["id"]:
        raise ValueError(how["algorithm"])
    memory, lanes = int(with_what["memory"][0]), int(with_what["parallelism"][0])
    salt, value = sealed["salt"].rstrip("="), sealed["value"].rstrip("=")
    text = f"$argon2id$v=19$m={memory},t={int(how['hashIterations'])},p={lanes}${salt}${value}"
    if memory > MOST_MEMORY:
        raise ValueError(memory)
    extract_parameters(text)
    return text


def misshapen(realm: str, secret: str) -> str | None:
    """The name of the rule that *secret* breaks, where Keycloak has that rule too."""
    if realm == "readers":
        return None if re.fullmatch(rf"[0-9]{{{PIN}}}", secret) else "pin_digits"
    return None if PASSWORD <= len(secret) <= LONGEST else "password_length"


def weak(realm: str, secret: str, names: list[str]) -> str | None:
    """The name of the rule that *secret* breaks when a person, who goes by *names*, chooses it."""
    if shape := misshapen(realm, secret):
        return shape
    if realm == "readers":
        guessed = trivial(secret) or any(name.endswith(secret) for name in names)
        return "pin_trivial" if guessed else None
    guessed = len(set(secret)) < VARIETY or any(name.lower() in secret.lower() for name in names)
    return "password_trivial" if guessed else None


def trivial(pin: str) -> bool:
    """Whether a stranger tries it among the first: 111111, 121212, 123123, 123456, 147258."""
    repeats = any(pin == pin[:size] * (PIN // size) for size in (1, 2, 3))
    return repeats or any(pin in row for row in KEYPAD)
