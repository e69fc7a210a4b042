"""Small things that a browser keeps for us and can neither read nor change."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256
from secrets import token_bytes

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

NONCE = 12  # bytes
LONGEST = 4096  # what browsers keep of one cookie


class Seal:
    """Seals structs with AES-256-GCM; *purpose* keeps one kind from posing as another."""

    def __init__(self, secret: str, purpose: str) -> None:
        self.cipher = AESGCM(sha256(f"{purpose}:{secret}".encode()).digest())

    def close(self, value: Struct) -> str:
        """*value* as text for a cookie."""
        nonce = token_bytes(NONCE)
        sealed = nonce + self.cipher.encrypt(nonce, msgspec.json.encode(value), None)
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open[T: Struct](self, text: str, kind: type[T]) -> T | None:
        """What was sealed, or None when it was not sealed here."""
        try:
            if len(text) > LONGEST:
                return None
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            opened = self.cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None)
            return msgspec.json.decode(opened, type=kind)
        except (Error, InvalidTag, ValueError):
            return None
