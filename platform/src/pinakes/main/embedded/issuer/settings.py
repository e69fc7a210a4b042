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
        """The settings in *environment*.

        Raises:
            KeyError: it names what is missing.
            ValueError: everybody would be believed about where they come from.
        """
        proxies = environment.get("PINAKES_ISSUER_PROXIES", "")
        if "*" in proxies:
            raise ValueError("PINAKES_ISSUER_PROXIES: name the address of each proxy, not *")
        return cls(
            address=environment["PINAKES_ISSUER"].rstrip("/"),
            database=environment["PINAKES_ISSUER_DATABASE"],
            secret=environment["PINAKES_ISSUER_SECRET"],
            returns=tuple(word.rstrip("/") for word in environment["PINAKES_ADDRESS"].split(",")),
            port=int(environment["PINAKES_ISSUER_PORT"]),
            proxies=proxies,
        )

    def realm(self, name: str) -> str:
        """The issuer's name in tokens of the realm *name*."""
        return f"{self.address}/realms/{name}"
