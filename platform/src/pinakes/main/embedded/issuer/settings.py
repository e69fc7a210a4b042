"""What the issuer is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses carry no slash at their end."""

    address: str  # public URL of the issuer
    database: str  # as pinakes_issuer
    secret: str  # of the client pinakes-admin
    returns: tuple[str, ...]  # where a browser may be sent back to
    host: str = "127.0.0.1"
    port: int = 8090
    proxies: str = ""  # addresses of those whose X-Forwarded-For counts, separated by commas

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings in *environment*; KeyError names what is missing."""
        return cls(
            address=environment["PINAKES_ISSUER"].rstrip("/"),
            database=environment["PINAKES_ISSUER_DATABASE"],
            secret=environment["PINAKES_ISSUER_SECRET"],
            returns=tuple(word.rstrip("/") for word in environment["PINAKES_ADDRESS"].split(",")),
            port=int(environment["PINAKES_ISSUER_PORT"]),
            proxies=environment.get("PINAKES_ISSUER_PROXIES", ""),
        )

    def realm(self, name: str) -> str:
        """The issuer's name in tokens of the realm *name*."""
        return f"{self.address}/realms/{name}"
