"""What of a title a reader may have, when its copies are of several kinds."""

import pytest

from pinakes.federation.holds.kinds import allow, will_do
from pinakes.federation.holds.rules import Facts, HoldRefused
from pinakes.tenants.registry.sharing import HoldRule

ADULTS = (HoldRule(), HoldRule(item="restricted", least_age=18))
FEW = (HoldRule(), HoldRule(item="audio", limit=1))
BOOKS = (HoldRule(item="book"), HoldRule(item="reference"))


def child(*rules: HoldRule) -> Facts:
    return Facts(reader_kind="child", rules=rules)


def test_each_kind_is_judged_and_one_that_is_allowed_is_enough() -> None:
    allowed = allow(child(*ADULTS), ["restricted", "book"], {})
    assert allowed == ("*/*", "book", {"restricted": False})
    assert [will_do(allowed.fits, kind) for kind in ("book", "audio", "restricted")] == [
        True, True, False,
    ]  # fmt: skip
    assert allow(Facts(rules=ADULTS), ["restricted"], {}) == ("*/restricted", "restricted", {})


def test_the_first_refusal_is_told_when_no_kind_is_allowed() -> None:
    with pytest.raises(HoldRefused) as refused:
        allow(child(*ADULTS), ["restricted"], {})
    assert (refused.value.code, refused.value.facts["rule"]) == ("hold_too_young", "*/restricted")


def test_a_kind_that_no_rule_names_is_as_any_other() -> None:
    assert allow(child(*BOOKS), ["map", "book"], {}) == (
        "*/book",
        "book",
        {"book": True, "*": False},
    )
    with pytest.raises(HoldRefused):
        allow(child(*BOOKS), ["map"], {})


def test_what_has_a_limit_counts_against_it_or_is_not_had() -> None:
    reader = Facts(rules=FEW)
    assert allow(reader, ["audio"], {"book": 4}) == ("*/audio", "audio", {})
    assert allow(reader, ["audio", "book"], {}) == ("*/*", "book", {"audio": False})
    with pytest.raises(HoldRefused) as refused:
        allow(reader, ["audio"], {"audio": 1})
    assert refused.value.code == "hold_limit_of_kind"


def test_of_what_nobody_knows_any_kind_may_be_meant() -> None:
    assert allow(child(*ADULTS), [], {}) == ("*/*", "", {"restricted": False})
    assert allow(child(*BOOKS), [], {}) == ("*/book", "", {"book": True, "*": False})
    with pytest.raises(HoldRefused):
        allow(child(HoldRule(item="reference")), [], {})
