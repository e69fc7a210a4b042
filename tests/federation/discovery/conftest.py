"""Everything that tests of finding share."""

from books import bring, environment, library, other_library

__all__ = ["bring", "environment", "library", "other_library"]
