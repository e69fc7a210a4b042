"""Tokens: what they say, and whether one that comes back still counts."""

import time
from typing import Any
from uuid import UUID, uuid4

from pinakes.main.embedded.issuer.clients import ADMIN
from pinakes.main.embedded.issuer.keys import ACCESS, REFRESH, Claims, Keys
from pinakes.main.embedded.issuer.sessions import IDLE, LONGEST, Session, Sessions
from pinakes.main.embedded.issuer.settings import Settings

LIFE = 300  # seconds of an access token
MAPPED = {"readers": ("person", "home"), "staff": ()}  # attributes told as one value
LISTED = {"readers": (), "staff": ("grants",)}  # attributes told as a list


class Mint:
    """Makes the tokens of both realms and reads them again."""

    def __init__(self, settings: Settings, keys: Keys, sessions: Sessions) -> None:
        self.settings = settings
        self.keys = keys
        self.sessions = sessions

    def token_set(self, session: Session, scope: str, organizations: list[str]) -> dict[str, Any]:
        """What the token endpoint answers for a person."""
        realm = session.account.realm
        common = self.common(realm, session.client)
        common |= {"sub": str(session.account.id), "sid": str(session.id)}
        who = profile(session, organizations)
        access = {**common, **who, "aud": ["pinakes"], "typ": "Bearer", "scope": scope}
        left = min(IDLE, LONGEST + int(session.since.timestamp()) - common["iat"])
        refresh: Claims = {**common, "aud": common["iss"], "typ": "Refresh", "scope": scope}
        refresh |= {"exp": common["iat"] + left, "step": session.step}
        tokens = {
            "access_token": self.keys.sign(realm, ACCESS, access),
            "expires_in": LIFE,
            "refresh_expires_in": left,
            "refresh_token": self.keys.sign(realm, REFRESH, refresh),
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": str(session.id),
            "scope": scope,
        }
        if "openid" in scope.split():
            said = {**common, **who, "aud": session.client, "typ": "ID"}
            if session.nonce:
                said["nonce"] = session.nonce
            tokens["id_token"] = self.keys.sign(realm, ACCESS, said)
        return tokens

    def service_set(self, realm: str, client: str, scope: str) -> dict[str, Any]:
        """What the token endpoint answers for a program."""
        claims = self.common(realm, client) | {
            "sub": str(UUID(int=1)),
            "aud": "realm-management",
            "typ": "Bearer",
            "scope": scope,
            "preferred_username": f"service-account-{client}",
        }
        return {
            "access_token": self.keys.sign(realm, ACCESS, claims),
            "expires_in": LIFE,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": scope,
        }

    def common(self, realm: str, client: str) -> Claims:
        now = int(time.time())
        return {
            "exp": now + LIFE,
            "iat": now,
            "jti": str(uuid4()),
            "iss": self.settings.realm(realm),
            "azp": client,
            "acr": "1",
        }

    def read(self, realm: str, token: str, kind: str = ACCESS) -> Claims | None:
        """The claims of a token of ours that has not expired."""
        claims = self.keys.read_token(realm, kind, token)
        if claims is None or claims["iss"] != self.settings.realm(realm):
            return None
        return claims if claims["exp"] > time.time() else None

    async def bearer(self, realm: str, token: str) -> tuple[Claims, Session] | None:
        """The claims of an access token that counts now, and the session it belongs to."""
        claims = self.read(realm, token)
        if claims is None or claims["typ"] != "Bearer" or "sid" not in claims:
            return None
        session = await self.sessions.find(realm, UUID(claims["sid"]))
        return (claims, session) if session else None

    def is_admin(self, realm: str, token: str) -> bool | None:
        """True for an administrator's token, False for another one that counts, None for none."""
        claims = self.read(realm, token)
        if claims is None or claims["typ"] != "Bearer":
            return None
        return bool(claims["azp"] == ADMIN)


def profile(session: Session, organizations: list[str]) -> Claims:
    """What tokens say of a person."""
    account = session.account
    said: Claims = {
        "auth_time": int(session.since.timestamp()),
        "preferred_username": account.username,
        **{name: account.first(name) for name in MAPPED[account.realm]},
        **{name: account.attributes.get(name, []) for name in LISTED[account.realm]},
        "name": account.name,
        "given_name": account.first_name,
        "family_name": account.last_name,
        "email": account.email,
        "organization": organizations,
    }
    return {name: value for name, value in said.items() if value}
