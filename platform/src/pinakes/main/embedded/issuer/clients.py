"""The programs that may ask for tokens: three, the same in both realms."""

from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

CODE, PASSWORD = "authorization_code", "password"
SERVICE, REFRESH = "client_credentials", "refresh_token"
ADMIN = "pinakes-admin"
SCOPES = frozenset({"openid", "profile", "email", "organization"})


@dataclass(frozen=True, slots=True)
class Client:
    """What Authlib asks of a client."""

    id: str
    grants: frozenset[str]
    returns: tuple[str, ...] = ()
    secret: str | None = None

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> None:
        """A client says where to."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, address: str) -> bool:
        """Whether *address* lies below one of ours, as Keycloak's ``ADDRESS/*`` means it."""
        plain = address.isascii() and address.isprintable() and not set(address) & set(' \\"<>')
        below = any(address.startswith(f"{home}/") for home in self.returns)
        return plain and below and ".." not in address and not urlsplit(address).fragment

    def check_client_secret(self, secret: str) -> bool:
        return self.secret is not None and compare_digest(self.secret.encode(), secret.encode())

    def check_endpoint_auth_method(self, method: str, _: str) -> bool:
        return (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and CODE in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


def clients(secret: str, returns: tuple[str, ...]) -> dict[str, Client]:
    """All of them by name."""
    known = (
        Client("pinakes-web", frozenset({CODE, REFRESH}), returns),
        Client("pinakes-cli", frozenset({PASSWORD, REFRESH})),
        Client(ADMIN, frozenset({SERVICE}), secret=secret),
    )
    return {client.id: client for client in known}
