"""Mail between cells: letters in envelopes, sealed with the sending cell's key. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Meta, Struct, field

from pinakes.federation.ledger.notes import verifies
from pinakes.platform.errors import BadRequest, Conflict, Forbidden

CONTEXT = b"pinakes mail 1\n"  # a signature under anything else is none under mail
Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
OLDEST, AHEAD = 86_400, 600  # seconds; the order comes of numbers, never of clocks


class MailUnreadable(BadRequest):
    code = "mail_unreadable"
    title = "This is no mail of a cell"


class MailForged(Forbidden):
    code = "mail_forged"
    title = "No cell that we know has sealed this mail"


class MailOutOfTime(BadRequest):
    code = "mail_out_of_time"
    title = "This mail was sealed too long ago, or is of a time to come"


class MailMisdirected(Conflict):
    code = "mail_misdirected"
    title = "This mail is for another cell"


class Letter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The envelope of one message; branches by their codes.

    *epoch*: of the sender's placement; *last*: the highest number it has given for this receiver.
    """

    sender: str = field(name="from")
    receiver: str = field(name="to")
    epoch: int
    last: Number
    seq: Number
    id: UUID
    about: UUID
    kind: str
    version: int
    actor: str | None
    role: str | None
    created_at: Annotated[datetime, Meta(tz=True)]
    body: dict[str, Any]


class Sender(Struct, frozen=True):
    """What has to be known of a mail to look for its key, and no more."""

    cell: str


class Mail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Letters to one branch, from the cell *cell* to the cell *to*, sealed *at* so many seconds."""

    cell: str
    to: str
    at: int
    letters: Sequence[Letter]


def seal(mail: Mail, private: Ed25519PrivateKey) -> tuple[bytes, str]:
    """What is sent, and its signature in hex."""
    body = msgspec.json.encode(mail)
    return body, private.sign(CONTEXT + body).hex()


def read[T](body: bytes, kind: type[T]) -> T:
    """What it says itself to be; or MailUnreadable."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MailUnreadable("Send what another cell of this version has sealed.") from None


def opened(body: bytes, signature: str, key: bytes | None, here: str, now: int) -> Mail:
    """The mail that *key* has sealed: nothing of it is unfolded before.

    Raises:
        MailForged, MailMisdirected, MailOutOfTime, MailUnreadable
    """
    believe(body, signature, key)
    mail = read(body, Mail)
    if mail.to != here:
        raise MailMisdirected(f"This is {here}.")
    if not now - OLDEST <= mail.at <= now + AHEAD:
        raise MailOutOfTime("Set the clock right, then seal it again.")
    if len({letter.receiver for letter in mail.letters}) != 1:
        raise MailUnreadable("A mail has letters, and all of them are to one branch.")
    return mail


def believe(body: bytes, signature: str, key: bytes | None) -> None:
    """MailForged unless *key* has sealed these very bytes."""
    try:
        signed = bytes.fromhex(signature)
    except ValueError:
        signed = b""
    if key is None or not verifies(key, signed, CONTEXT + body):
        raise MailForged("Seal it with the key that was registered here: pinakes cells list.")
