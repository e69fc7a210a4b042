"""Everything that a branch moves into."""

from issuing import issuer
from moving import doors, files, house, house_settings, operator, visitor

__all__ = ["doors", "files", "house", "house_settings", "issuer", "operator", "visitor"]
