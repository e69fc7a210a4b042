"""Only a token of the issuer's, for us, of now and of somebody who may, is believed (I6)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from mint import Mint
from promises.forgeries import FORGERIES, Forge, signed

from pinakes.platform.errors import Unauthorized
from pinakes.platform.tokens import RULES, Claims, Rule, TokenRefused, Verifier, predates

pytestmark = pytest.mark.anyio


@pytest.fixture
def good(mint: Mint) -> dict[str, Any]:
    """The claims of a reader of now."""
    return mint.claims("readers", str(uuid4()), person=str(uuid4()), home="vik")


@pytest.fixture(scope="session")
def verifier(mint: Mint) -> Verifier:
    return Verifier(mint.address)


async def accepts(verifier: Verifier, token: str) -> bool:
    try:
        await verifier.verify(token)
    except Unauthorized:
        return False
    return True


def test_a_token_of_the_second_of_a_revocation_counts_as_older() -> None:
    since = datetime.fromtimestamp(1_800_000_000.4, UTC)
    assert predates(1_799_999_999, since)
    assert predates(1_800_000_000, since)  # issued before or after: whole seconds do not tell
    assert not predates(1_800_000_001, since)


async def test_the_claims_that_forgeries_start_from_count(
    mint: Mint, verifier: Verifier, good: dict[str, Any]
) -> None:
    claims = await verifier.verify(signed(mint, good))
    assert (claims.subject, claims.realm, claims.home) == (good["sub"], "readers", "vik")
    assert str(claims.person) == good["person"]


@pytest.mark.parametrize(
    "forge", [forge for _, forge in FORGERIES], ids=[name for name, _ in FORGERIES]
)
async def test_a_forgery_never_counts(
    mint: Mint, verifier: Verifier, good: dict[str, Any], forge: Forge
) -> None:
    assert not await accepts(verifier, forge(mint, good))


def without(refusal: str) -> Mapping[str, Rule]:
    return {name: rule for name, rule in RULES.items() if name != refusal}


@pytest.mark.parametrize("refusal", RULES)
async def test_a_verifier_that_forgets_a_rule_is_found_out(
    mint: Mint, good: dict[str, Any], refusal: str
) -> None:
    class Careless(Verifier):
        rules = without(refusal)

    careless = Careless(mint.address)
    taken = [name for name, forge in FORGERIES if await accepts(careless, forge(mint, good))]
    assert taken


async def test_a_verifier_that_forgets_the_time_is_found_out(
    mint: Mint, good: dict[str, Any]
) -> None:
    class Timeless(Verifier):
        def lives(self, claims: Claims) -> bool:
            return bool(claims)

    timeless = Timeless(mint.address)
    assert [name for name, forge in FORGERIES if await accepts(timeless, forge(mint, good))]


async def test_a_clock_may_be_a_minute_off(
    mint: Mint, verifier: Verifier, good: dict[str, Any]
) -> None:
    shifted = [{"exp": good["iat"] - 40}, {"nbf": good["iat"] + 40}, {"iat": good["iat"] + 40}]
    for shift in shifted:
        assert await accepts(verifier, signed(mint, good | shift))


async def test_who_was_logged_out_is_out_even_when_known(mint: Mint, good: dict[str, Any]) -> None:
    out: dict[str, datetime] = {}
    verifier, token = Verifier(mint.address, out.get), signed(mint, good)
    assert await accepts(verifier, token)
    out[good["sub"]] = datetime.now(UTC) - timedelta(minutes=1)
    assert await accepts(verifier, token)
    out[good["sub"]] = datetime.now(UTC)
    assert not await accepts(verifier, token)


async def test_a_known_token_expires_all_the_same(mint: Mint, good: dict[str, Any]) -> None:
    verifier, token = Verifier(mint.address), signed(mint, good)
    claims = await verifier.verify(token)
    for mark in verifier.known:
        verifier.known[mark] = changed(claims, expires=good["iat"] - 61.0)
    with pytest.raises(TokenRefused):
        await verifier.verify(token)


def changed(claims: Claims, **values: Any) -> Claims:
    return Claims(**{name: getattr(claims, name) for name in claims.__struct_fields__} | values)


async def test_readers_have_no_grants_and_staff_are_no_readers(
    mint: Mint, verifier: Verifier, good: dict[str, Any]
) -> None:
    sly = await verifier.verify(signed(mint, good | {"grants": ["operator@*"]}))
    assert sly.grants == ()
    staff = mint.claims("staff", str(uuid4()), person=str(uuid4()), grants=["desk@vik"])
    claims = await verifier.verify(signed(mint, staff))
    assert (claims.person, claims.grants) == (None, ("desk@vik",))
