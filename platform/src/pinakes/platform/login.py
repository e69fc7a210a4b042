"""People are kept by Keycloak, or by our own issuer that behaves like it: the one door to them."""

from pinakes.platform.tokens import Claims, IssuerUnavailable, TokenRefused, Verifier

__all__ = ["Claims", "IssuerUnavailable", "TokenRefused", "Verifier"]
