"""Private keys in files, and the leaves by which the log says which key signs from there on.

The first leaf of a log announces its first key, signed by that key itself; a later one announces
the next, signed by the one before. So who trusts the first key can follow.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from pinakes.federation.ledger.leaves import KEY
from pinakes.federation.ledger.notes import Key, public_of, verified


class NoSuchKey(Exception):
    """The file holds no key that the log knows."""


class KeyBroken(Exception):
    """The announcements of keys do not follow from one another."""


class Announcement(Struct, frozen=True, forbid_unknown_fields=True):
    """From leaf *index* on, the log *origin* signs with *key* (hex)."""

    origin: str
    index: int
    key: str
    signature: str

    @property
    def told(self) -> bytes:
        return f"pinakes ledger key 1\n{self.origin}\n{self.index}\n{self.key}\n".encode()

    @property
    def public(self) -> bytes:
        return bytes.fromhex(self.key)

    @property
    def leaf(self) -> bytes:
        return KEY + msgspec.json.encode(self)

    @property
    def name(self) -> Key:
        return Key(self.origin, self.public)


def announce(origin: str, index: int, key: bytes, by: Ed25519PrivateKey) -> Announcement:
    """Let the key *by*, which signed until now, name the next one."""
    unsigned = Announcement(origin, index, key.hex(), "")
    return msgspec.structs.replace(unsigned, signature=by.sign(unsigned.told).hex())


def followed(leaves: Iterable[tuple[int, bytes]]) -> list[Announcement]:
    """The announcements in these leaves (place and data), each signed by the key before it.

    Raises KeyBroken, which says what is wrong.
    """
    chain: list[Announcement] = []
    for index, data in leaves:
        found = read(index, data)
        before = chain[-1] if chain else found
        if found.origin != before.origin or found.index != index or (index == 0) == bool(chain):
            raise KeyBroken(f"leaf {index} announces a key of another log or place")
        if not verified(before.public, bytes.fromhex(found.signature), found.told):
            raise KeyBroken(f"the key that leaf {index} announces was not named by the one before")
        chain.append(found)
    if not chain:
        raise KeyBroken("the log announces no key at all")
    return chain


def read(index: int, data: bytes) -> Announcement:
    try:
        found = msgspec.json.decode(data.removeprefix(KEY), type=Announcement)
        bytes.fromhex(found.key + found.signature)
    except (msgspec.DecodeError, ValueError) as error:
        raise KeyBroken(f"leaf {index} announces no key that can be read") from error
    if found.leaf != data:
        raise KeyBroken(f"leaf {index} is not written as it must be")
    return found


def signer(chain: Iterable[Announcement], size: int) -> Key:
    """The key that signs the head of *size*."""
    *_, last = (one for one in chain if one.index < size)
    return last.name


def origin_of(address: str, public: bytes) -> str:
    """A log's own name: where it began, and its first key."""
    return f"{urlsplit(address).netloc or 'pinakes'}/ledger/{fingerprint(public)}"


def fingerprint(public: bytes) -> str:
    return sha256(public).hexdigest()[:32]


def make(file: Path) -> Ed25519PrivateKey:
    """A new key in a new *file* (0600; PEM, as openssl writes it)."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())
    return private


def make_once(file: Path) -> None:
    """A key in *file*, unless one lies there."""
    if not file.exists():
        make(file)


def load(file: Path) -> Ed25519PrivateKey:
    """The key in *file*, or NoSuchKey."""
    try:
        found = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise NoSuchKey(f"{file} holds no private key that can be read") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise NoSuchKey(f"{file} holds a key of another kind than Ed25519")
    return found


def coming(file: Path) -> Path:
    """Where the next key lies while it is being announced."""
    return file.with_name(f"{file.name}.next")


def load_signing(file: Path, public: bytes) -> Ed25519PrivateKey:
    """The private half of *public*; ends a change of keys that was cut short."""
    if coming(file).exists() and public_of(load(coming(file))) == public:
        coming(file).replace(file)
    found = load(file)
    if public_of(found) != public:
        raise NoSuchKey(f"{file} is not the key that the log signs with: bring the right one back")
    return found
