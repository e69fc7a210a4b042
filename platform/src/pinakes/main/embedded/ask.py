"""Ask an HTTP address how it is, with nothing but the standard library: it is loaded at once."""

from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

OK = 200


class NotWell(Exception):
    """The address did not answer with 200."""


def ask(address: str, patience: float = 2.0) -> bytes:
    """What *address* answers to GET; NotWell unless that is 200 within *patience* seconds."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=patience)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
    except (OSError, HTTPException) as trouble:
        raise NotWell(str(trouble)) from trouble
    finally:
        connection.close()
    if status != OK:
        raise NotWell(f"answers {status}")
    return body
