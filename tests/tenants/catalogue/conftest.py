"""Everything that tests of the catalogue share."""

from books import bring, environment, library

__all__ = ["bring", "environment", "library"]
