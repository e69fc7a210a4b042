"""Addresses from which secrets are guessed: who tries many cards from one is slowed down."""

from ipaddress import IPv6Address, ip_address

from pinakes.main.embedded.issuer.sessions import mark
from pinakes.main.embedded.issuer.store import Store

ROOM = 60  # wrong guesses that may come from one address in a moment
EACH = 6  # seconds after which one of them is forgotten: a day holds 14,400, not millions
HOUSE = 64  # bits of an IPv6 address: the rest changes as its bearer likes

# A full one is not written: it empties while others are turned away, and is open again soon.
LEFT = f"greatest(a.guesses - extract(epoch FROM now() - a.guessed_at) / {EACH}, 0)"
GUESS = f"""
    INSERT INTO address AS a (mark, guesses) VALUES ($1, 1) ON CONFLICT (mark)
    DO UPDATE SET guesses = {LEFT} + 1, guessed_at = now() WHERE {LEFT} + 1 <= {ROOM}
    RETURNING true
"""  # noqa: S608 - ours
UNCOUNT = "UPDATE address SET guesses = greatest(guesses - 1, 0) WHERE mark = $1"
FORGET = "DELETE FROM address WHERE guessed_at < now() - interval '1 hour'"


class TooManyGuesses(Exception):
    """Too many wrong guesses have come from this address of late."""


class Addresses:
    """The only writer of addresses; it keeps no more of one than a mark."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def may_guess(self, address: str) -> bool:
        """Count a guess from there; False when there were too many."""
        return await self.store.fetchval(GUESS, mark(block(address))) is not None

    async def uncount(self, address: str) -> None:
        """It was none: the secret was right."""
        await self.store.execute(UNCOUNT, mark(block(address)))

    async def sweep(self) -> None:
        """Forget those that have been calm."""
        await self.store.execute(FORGET)


def block(address: str) -> str:
    """What one household, or one library, goes by."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> (128 - HOUSE) << (128 - HOUSE)))
