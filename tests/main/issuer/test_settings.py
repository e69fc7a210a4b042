"""What the issuer is told, and what it does not let itself be told."""

import pytest

from pinakes.main.embedded.issuer.settings import Settings

TOLD = {
    "PINAKES_ISSUER": "http://127.0.0.1:1/",
    "PINAKES_ISSUER_DATABASE": "postgresql://somewhere",
    "PINAKES_ISSUER_SECRET": "secret",
    "PINAKES_ISSUER_PORT": "1",
    "PINAKES_ADDRESS": "http://127.0.0.1:2/,http://127.0.0.1:3",
}


def test_addresses_lose_their_last_slash() -> None:
    told = Settings.of(TOLD)
    assert told.realm("readers") == "http://127.0.0.1:1/realms/readers"
    assert told.returns == ("http://127.0.0.1:2", "http://127.0.0.1:3")


@pytest.mark.parametrize("proxies", ["*", "10.0.0.1,*"])
def test_not_everybody_may_say_where_they_come_from(proxies: str) -> None:
    with pytest.raises(ValueError, match="name the address of each proxy"):
        Settings.of(TOLD | {"PINAKES_ISSUER_PROXIES": proxies})
