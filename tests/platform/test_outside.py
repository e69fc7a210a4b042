"""Addresses that somebody else chose lead outside, or nowhere."""

import asyncio
import socket
from typing import Any

import pytest

from pinakes.platform.outside import AddressRefused, Place, found, literal, post
from pinakes.platform.sending import Never, NotNow

pytestmark = pytest.mark.anyio

REFUSED = [
    "http://example.org/",
    "ftp://example.org/",
    "//example.org/",
    "https://",
    "https:///path",
    "https://user@example.org/",
    "https://user:word@example.org/",
    "https://example.org@169.254.169.254/",
    "https://example.org/#@169.254.169.254/",
    "https://example.org\\@169.254.169.254/",
    "https://example.org:99999/",
    "https://example.org:0/",
    "https://[::1/",
    "https://exa mple.org/",
    "https://例子.example/",
    "https://example.org/\r\nHost: inside",
    "https://example.org/" + "x" * 500,
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://100.100.100.200/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fd00::1]/",
    "https://[fec0::1]/",
    "https://[fe80::1]/",
    "https://[ff02::1]/",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        Place.of(address)


@pytest.mark.parametrize(
    "address", ["https://example.org", "https://example.org:8443/a?b=c", "https://[2606:4700::1]/"]
)
def test_an_address_outside_is_taken(address: str) -> None:
    assert Place.of(address).scheme == "https"


async def test_a_name_that_leads_inside_is_refused_when_it_is_called() -> None:
    with pytest.raises(Never, match="address_refused"):
        await post("https://localhost/", b"", {})


async def test_a_name_with_one_number_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = ["93.184.216.34", "10.0.0.1"]

    async def looked_up(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in numbers]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", looked_up)
    place = Place.of("https://rebound.example.org/x")
    with pytest.raises(Never, match="address_refused"):
        await found(place, inside=False)
    numbers.pop()
    number = await found(place, inside=False)
    assert place.at(number) == "https://93.184.216.34:443/x"
    assert place.called == "rebound.example.org"


async def test_a_name_that_nobody_has_may_have_a_number_later() -> None:
    with pytest.raises(NotNow, match="name_unknown"):
        await post("https://nobody.invalid/", b"", {})


def test_a_name_is_no_number() -> None:
    assert literal("example.org") is None
