"""Which dialect a record speaks, judged by its tags."""

from collections.abc import Collection

from pinakes.tenants.catalogue.marc.record import Dialect

MARC21_ONLY = frozenset({"245", "040", "020", "022", "260", "264", "300"})
UNIMARC_ONLY = frozenset({"200", "801", "210", "215", "225", "101", "102", "105", "106"})


def dialect_of(tags: Collection[str]) -> Dialect:
    """UNIMARC has 200 and 801, MARC 21 has 245 and 008; a title decides, else the other tags."""
    known = set(tags)
    if "245" in known and not {"200", "801"} <= known:
        return Dialect.MARC21
    if len(known & UNIMARC_ONLY) > len(known & MARC21_ONLY):
        return Dialect.UNIMARC
    return Dialect.MARC21
