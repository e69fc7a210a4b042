"""What a leaf of the log holds: a commitment to a branch's event, or a key that signs from here on.

No leaf names a branch or tells what happened. Whoever has an event and its salt can show that it
stands in the log; whoever has not learns nothing from the leaf.
"""

from hashlib import sha256

from pinakes.federation.ledger.merkle import leaf_hash

EVENT = b"event\n"
KEY = b"key\n"
COMMITTED = b"pinakes event 1\n"  # functions.sql writes the same


def commitment(salt: bytes, event: bytes) -> bytes:
    """What is told of an event: *event* is its text, byte by byte as it was written down."""
    return sha256(COMMITTED + salt + event).digest()


def event_leaf(commitment: bytes) -> bytes:
    return EVENT + commitment


def hash_of_event(salt: bytes, event: str) -> bytes:
    """The leaf hash by which an event is found in the log."""
    return leaf_hash(event_leaf(commitment(salt, event.encode())))
