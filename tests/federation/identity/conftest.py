"""What the tests of logging in share."""

from pages_visitor import front, issuer, person, reader

__all__ = ["front", "issuer", "person", "reader"]
