"""Signed tree heads as text: C2SP's checkpoint, signed note and cosignature/v1. Pure.

A note is a text that ends with a newline, an empty line, and one line per signature:
``— NAME base64(4 bytes that name the key, signature)``. A checkpoint's text is three lines: the
log's origin, its size, the root in base64. A cosigner signs a time along with it.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG, COSIGNER = 0x01, 0x04  # kinds of key
NAME_BYTES, TIME_BYTES, KEY_BYTES = 4, 8, 32
MOST = 1 << 63


class NotANote(ValueError):
    """The text is no signed tree head."""


class Checkpoint(NamedTuple):
    """Which tree: of which log, how large, and its root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """The one way to write a checkpoint is the one that is read."""
        lines = text.split("\n")
        try:
            origin, size, root, end = lines
            found = cls(origin, int(size), b64decode(root, validate=True))
        except (ValueError, Error) as error:
            raise NotANote("a checkpoint is three lines: origin, size, root") from error
        whole = origin and end == "" and 0 <= found.size < MOST and len(found.root) == KEY_BYTES
        if not whole or found.text != text:
            raise NotANote("the checkpoint is not written as it must be")
        return found


class Key(NamedTuple):
    """A public key of Ed25519 with the name that its signatures carry."""

    name: str
    public: bytes
    kind: int = LOG

    @property
    def id(self) -> bytes:
        marked = f"{self.name}\n".encode() + bytes([self.kind]) + self.public
        return sha256(marked).digest()[:NAME_BYTES]

    @property
    def written(self) -> str:
        """As programs for signed notes take it."""
        public = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{public}"

    def signed(self, text: str, line: str) -> bool:
        """Whether *line* is this key's signature under *text*."""
        return self.signature_time(text, line) is not None

    def signature_time(self, text: str, line: str) -> int | None:
        """When *line* was signed, in seconds (0: it does not say); None when it does not hold."""
        name, payload = parts(line)
        if name != self.name or payload[:NAME_BYTES] != self.id:
            return None
        timed = TIME_BYTES if self.kind == COSIGNER else 0
        time = int.from_bytes(payload[NAME_BYTES : NAME_BYTES + timed])
        signature = payload[NAME_BYTES + timed :]
        told = message(text, time) if timed else text.encode()
        return time if verified(self.public, signature, told) else None


def verifies(public: bytes, signature: bytes, told: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, told)
    except (InvalidSignature, ValueError):
        return False
    return True


verified = lru_cache(1024)(verifies)  # heads and keys are short, and come again and again


def message(text: str, time: int) -> bytes:
    """What a cosigner signs."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def public_of(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


def sign(private: Ed25519PrivateKey, name: str, text: str) -> str:
    """The log's line under *text*."""
    key = Key(name, public_of(private), LOG)
    return written(key, private.sign(text.encode()))


def cosign(private: Ed25519PrivateKey, name: str, text: str, time: int) -> str:
    """A cosigner's line under *text*, which it has checked before."""
    key = Key(name, public_of(private), COSIGNER)
    return written(key, time.to_bytes(TIME_BYTES) + private.sign(message(text, time)))


def written(key: Key, signature: bytes) -> str:
    return f"— {key.name} {b64encode(key.id + signature).decode()}\n"


def parts(line: str) -> tuple[str, bytes]:
    """Name and payload of a signature line; an empty payload when it is none."""
    words = line.removesuffix("\n").split(" ")
    try:
        dash, name, payload = words
        found = b64decode(payload, validate=True)
    except (ValueError, Error):
        return "", b""
    return (name, found) if dash == "—" and b64encode(found).decode() == payload else ("", b"")


def note(text: str, lines: Iterable[str]) -> str:
    return f"{text}\n{''.join(lines)}"


def opened(note: str) -> tuple[str, list[str]]:
    """The text of a note and the lines of its signatures."""
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines(keepends=True)
    if not gap or not lines or not all(line.startswith("— ") for line in lines):
        raise NotANote("a note is a text, an empty line, and signatures")
    if not signatures.endswith("\n"):
        raise NotANote("the last line of a note ends with a newline")
    return f"{text}\n", lines
