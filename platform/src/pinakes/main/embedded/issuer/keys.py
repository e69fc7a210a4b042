"""The keys that sign tokens: kept in the database, of two kinds for each realm, replaceable."""

import json
from secrets import token_urlsafe
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from pinakes.main.embedded.issuer.store import Store
from pinakes.platform.identity import REALMS

ACCESS = "RS256"  # what others verify
REFRESH = "HS512"  # what only we read again
KINDS = (ACCESS, REFRESH)
NEWEST_FIRST = """
    SELECT kid, realm, algorithm, secret FROM (
        SELECT *, lead(created_at) OVER (
            PARTITION BY realm, algorithm ORDER BY created_at) AS replaced_at
        FROM signing_key) AS key
    WHERE replaced_at IS NULL OR replaced_at > now() - interval '1 day'
    ORDER BY created_at DESC
"""
ADD = "INSERT INTO signing_key (realm, algorithm, kid, secret) VALUES ($1, $2, $3, $4)"

type Key = RSAKey | OctKey
type Claims = dict[str, Any]


def fresh(algorithm: str) -> str:
    """A new key in its secret form."""
    if algorithm == ACCESS:
        return RSAKey.generate_key(2048).as_pem(private=True).decode()
    return token_urlsafe(64)


def grown(algorithm: str, secret: str) -> Key:
    """The key of a secret form."""
    return RSAKey.import_key(secret) if algorithm == ACCESS else OctKey.import_key(secret)


class Keys:
    """The newest key of each realm and kind signs; one replaced counts for another day."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.known: dict[tuple[str, str], dict[str, Key]] = {}

    async def load(self) -> None:
        """Read the keys; make those that are missing."""
        async with self.store.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(7106, 1)")
            held = await connection.fetch("SELECT realm, algorithm FROM signing_key")
            wanted = {(realm, kind) for realm in REALMS for kind in KINDS}
            for realm, kind in wanted - {(row["realm"], row["algorithm"]) for row in held}:
                await connection.execute(ADD, realm, kind, token_urlsafe(16), fresh(kind))
        await self.read()

    async def read(self) -> None:
        """Take up the keys that the database holds now."""
        known: dict[tuple[str, str], dict[str, Key]] = {}
        for row in await self.store.fetch(NEWEST_FIRST):
            ring = known.setdefault((row["realm"], row["algorithm"]), {})
            ring[row["kid"]] = grown(row["algorithm"], row["secret"])
        self.known = known

    async def replace(self) -> None:
        """A new key for everything."""
        for realm, kind in self.known:
            await self.store.execute(ADD, realm, kind, token_urlsafe(16), fresh(kind))
        await self.read()

    def published(self, realm: str) -> list[Claims]:
        """The public keys of *realm* as a JSON Web Key Set lists them."""
        return [
            {**key.as_dict(private=False), "kid": kid, "alg": ACCESS, "use": "sig"}
            for kid, key in self.known[realm, ACCESS].items()
        ]

    def public_pem(self, realm: str) -> str:
        """The newest public key of *realm* as Keycloak shows it: PEM without its frame."""
        key = next(iter(self.known[realm, ACCESS].values()))
        assert isinstance(key, RSAKey)  # noqa: S101 - by its kind
        return "".join(key.as_pem(private=False).decode().strip().splitlines()[1:-1])

    def sign(self, realm: str, kind: str, claims: Claims) -> str:
        kid, key = next(iter(self.known[realm, kind].items()))
        return jwt.encode({"alg": kind, "typ": "JWT", "kid": kid}, claims, key, [kind])

    def read_token(self, realm: str, kind: str, token: str) -> Claims | None:
        """The claims of a token that we signed, whether or not it still counts."""
        try:
            letter = jws.extract_compact(token.encode("ascii"))
            key = self.known[realm, kind][str(letter.headers().get("kid"))]
            if not jws.validate_compact(letter, key, algorithms=[kind]):
                return None
            claims: Claims = json.loads(letter.payload)
        except (JoseError, ValueError, LookupError, RecursionError):
            return None
        return claims
