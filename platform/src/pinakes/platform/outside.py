"""Calling addresses that somebody else chose: never one inside our own house.

The name is looked up once, every number it has is judged, and the connection
goes to one of those: what the name means a moment later does not count.
"""

import asyncio
import re
import socket
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from pinakes.platform.errors import BadRequest
from pinakes.platform.sending import Doubtful, Never, NotNow

LONGEST = 500  # characters of an address
CONNECT, WHOLE = 10.0, 30.0  # seconds
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9.])?|[0-9a-f:.]+", re.IGNORECASE)
PORTS = {"https": 443, "http": 80}
AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class AddressRefused(BadRequest):
    code = "address_refused"
    title = "This address cannot be called"


class Place(NamedTuple):
    """Where an address leads, taken apart."""

    scheme: str
    host: str
    port: int
    path: str  # with the query

    @classmethod
    def of(cls, address: str, *, inside: bool = False) -> Self:
        """The parts of *address*, or AddressRefused; only *inside* may it be plain HTTP.

        A number is judged at once, a name each time that it is called.
        """
        try:
            parts = urlsplit(address)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            raise AddressRefused("It is not well formed.") from None
        schemes = {"https", "http"} if inside else {"https"}
        if parts.scheme not in schemes or len(address) > LONGEST:
            raise AddressRefused(f"Send https://… with at most {LONGEST} characters.")
        if "@" in parts.netloc or parts.fragment or not NAME.fullmatch(host) or port == 0:
            raise AddressRefused("Leave out passwords and what follows a #; say a plain name.")
        if not address.isascii() or not address.isprintable() or set(address) & {" ", "\\"}:
            raise AddressRefused("Write what is not plain ASCII in its encoded form.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        place = cls(parts.scheme, host, port or PORTS[parts.scheme], path)
        if not inside and (number := literal(host)) is not None and not is_public(number):
            raise AddressRefused("It leads into a private network.")
        return place

    @property
    def called(self) -> str:
        """What the Host header says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"

    def at(self, number: IPv4Address | IPv6Address) -> str:
        """The same address with the number in place of the name."""
        host = f"[{number}]" if isinstance(number, IPv6Address) else str(number)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


async def post(
    address: str, body: bytes, headers: Mapping[str, str], *, inside: bool = False
) -> None:
    """Send *body*; a redirect is not followed, and no more than the status is read.

    Raises:
        NotNow, Never: whoever is there has not taken it.
        Doubtful: it was sent, and no answer came.
    """
    try:
        place = Place.of(address, inside=inside)
    except AddressRefused:
        raise Never("address_refused") from None
    number = await found(place, inside=inside)
    try:
        async with asyncio.timeout(WHOLE):
            status = await asked(place, number, body, headers)
    except TimeoutError:
        raise Doubtful("http_no_answer") from None
    if status in AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NotNow(f"http_{status}")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Never(f"http_{status}")


async def found(place: Place, *, inside: bool) -> IPv4Address | IPv6Address:
    """The number behind the name; Never when one of its numbers is not public."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT):
            known = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a time that is up is an OSError, too
        raise NotNow("name_unknown") from None
    numbers = [ip_address(entry[4][0]) for entry in known]
    if not inside and not all(map(is_public, numbers)):
        raise Never("address_refused")
    return numbers[0]


async def asked(
    place: Place, number: IPv4Address | IPv6Address, body: bytes, headers: Mapping[str, str]
) -> int:
    """The status of the answer; certificates are asked for the name, not for the number."""
    import httpx  # noqa: PLC0415  (a quarter of a second that commands need not wait for)

    client = httpx.AsyncClient(
        timeout=httpx.Timeout(WHOLE, connect=CONNECT), follow_redirects=False, trust_env=False
    )
    async with client:
        request = client.build_request(
            "POST",
            place.at(number),
            content=body,
            headers={**headers, "Host": place.called},
            extensions={"sni_hostname": place.host},
        )
        try:
            answer = await client.send(request, stream=True)
            await answer.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise NotNow("http_connection") from None
        except httpx.HTTPError:
            raise Doubtful("http_no_answer") from None
    return answer.status_code


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The number that *host* is, however oddly it is written; None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))  # 0xa9fea9fe, 2852039166, 127.1
    except OSError:
        return None


def is_public(number: IPv4Address | IPv6Address) -> bool:
    """Whether it lies outside; an address that wraps another one is what it wraps."""
    if isinstance(number, IPv6Address):
        wrapped = number.ipv4_mapped or number.sixtofour
        if wrapped is not None:
            return is_public(wrapped)
        if number.is_site_local:  # deprecated, and still routed in houses that had it
            return False
    return number.is_global and not number.is_multicast and not number.is_reserved
