"""What the tests of logging in share."""

from pages_visitor import front, person, reader

__all__ = ["front", "person", "reader"]
