"""A notice as it leaves: an e-mail, or a signed message to a branch's own system."""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from pinakes.platform.language import TAGS
from pinakes.tenants.registry.noticing import Wording

PREFIX = "whsec_"
POLICY = SMTP.clone(cte_type="7bit")


class Call(NamedTuple):
    """What a webhook is sent."""

    body: bytes
    headers: Mapping[str, str]


class Told(Struct, frozen=True, kw_only=True):
    """The body of a webhook: the reader is the branch's own, and named by a card alone."""

    id: UUID
    kind: str
    branch: str
    language: str
    card: str | None
    subject: str
    text: str


def email(  # noqa: PLR0913  (all that a letter has)
    id: UUID,
    words: Wording,
    *,
    language: str,
    sender: str,
    name: str,
    to: str,
    reply_to: str | None,
    at: datetime,
) -> EmailMessage:
    """A letter; its Message-ID is the notice's own, so that receivers can drop a double."""
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(name, addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    if reply_to:
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Subject"] = words.subject
    message["Date"] = at
    message["Message-ID"] = f"<{id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = TAGS[language]
    message.set_content(words.body)
    return message


def call(told: Told, secret: str, at: datetime) -> Call:
    """A message that its receiver can check, by the rules of standardwebhooks.com.

    ``webhook-signature`` is HMAC-SHA256 over "id.timestamp.body" with the bytes of the *secret*.
    """
    body = msgspec.json.encode(told)
    moment = int(at.timestamp())
    signed = f"{told.id}.{moment}.".encode() + body
    signature = hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, "sha256")
    return Call(
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "Pinakes",
            "webhook-id": str(told.id),
            "webhook-timestamp": str(moment),
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        },
    )
