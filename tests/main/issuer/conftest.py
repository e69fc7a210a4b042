"""What the tests of the issuer share."""

from issuing import issuer

__all__ = ["issuer"]
