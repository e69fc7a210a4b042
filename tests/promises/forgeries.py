"""Tokens that must never count: a list to walk at every door.

Each entry is a name and a function of the mint (whose key is the issuer's) and of claims that
would count; it answers a token.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from mint import Mint

type Claims = dict[str, Any]
type Forge = Callable[[Mint, Claims], str]

THIEF = RSAKey.generate_key(2048, {"kid": "thief"})
CURVE = ECKey.generate_key("P-256")
EVIL = "https://evil.example/keys"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def part(value: Any) -> str:
    return b64(json.dumps(value).encode())


def header(mint: Mint, **more: Any) -> dict[str, Any]:
    return {"alg": "RS256", "typ": "JWT", "kid": mint.key.kid} | more


def signed(mint: Mint, claims: Claims, key: Any = None, **more: Any) -> str:
    """A token with any header, signed by any key."""
    told = header(mint, **more)
    payload = json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=[told["alg"]], strict_check_header=False)
    return jws.serialize_compact(
        told, payload, key or bare(mint.key.as_pem(private=True)), registry=registry
    )


@cache
def bare(pem: bytes) -> RSAKey:
    """A key that is bound to no algorithm."""
    return RSAKey.import_key(pem)


def unsigned(mint: Mint, claims: Claims, seal: str = "", **more: Any) -> str:
    return f"{part(header(mint, **more))}.{part(claims)}.{seal}"


def by_hash(mint: Mint, claims: Claims, secret: bytes, **more: Any) -> str:
    """A token sealed with a word that everybody knows, as if it were a shared secret."""
    head = unsigned(mint, claims, **({"alg": "HS256"} | more)).rpartition(".")[0]
    return f"{head}.{b64(hmac.digest(secret, head.encode(), hashlib.sha256))}"


def sealed_again(mint: Mint, claims: Claims, **changed: Any) -> str:
    """The seal of a good token under other claims."""
    seal = signed(mint, claims).rpartition(".")[2]
    return unsigned(mint, claims | changed, seal)


def public(mint: Mint) -> bytes:
    return mint.key.as_pem(private=False)


def saying(**more: Any) -> Forge:
    """Our own key under another header."""
    return lambda mint, claims: signed(mint, claims, **more)


def saying_unsealed(**more: Any) -> Forge:
    return lambda mint, claims: unsigned(mint, claims, **more)


def claiming(name: str, value: Any) -> Forge:
    """Our own key under another claim."""
    return lambda mint, claims: signed(mint, claims | {name: value})


def silent(name: str) -> Forge:
    """Our own key under claims of which one is missing."""
    return lambda mint, claims: signed(mint, {k: v for k, v in claims.items() if k != name})


def at_issuer(changed: str) -> Forge:
    return lambda mint, claims: signed(mint, claims | {"iss": claims["iss"] + changed})


def headers() -> Iterator[tuple[str, Forge]]:
    """What a header may try."""
    for alg in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {alg!r}", saying_unsealed(alg=alg)
    yield (
        "alg none with a seal",
        lambda m, c: sealed_again(m, c).replace(part(header(m)), part(header(m, alg="none"))),
    )
    yield "no alg", lambda m, c: unsigned(m, c, "AAAA", alg=None)
    yield "hs256 with the public key", lambda m, c: by_hash(m, c, public(m))
    yield "hs256 with an empty key", lambda m, c: by_hash(m, c, b"", kid="/dev/null")
    yield "hs256 called rs256", lambda m, c: by_hash(m, c, public(m), alg="RS256")
    for alg in ("RS384", "RS512", "PS256"):
        yield f"our key by {alg}", saying(alg=alg)
    yield "another curve", lambda m, c: signed(m, c, CURVE, alg="ES256")
    yield "a thief's key under our name", lambda m, c: signed(m, c, THIEF)
    yield "a thief's key under its name", lambda m, c: signed(m, c, THIEF, kid="thief")
    yield (
        "a key brought along",
        lambda m, c: signed(m, c, THIEF, kid="thief", jwk=THIEF.as_dict(private=False)),
    )
    yield "a key to be fetched", lambda m, c: signed(m, c, THIEF, kid="thief", jku=EVIL)
    yield "a certificate to be fetched", lambda m, c: signed(m, c, THIEF, kid="thief", x5u=EVIL)
    yield "a certificate brought along", lambda m, c: signed(m, c, THIEF, kid="x", x5c=["MIIB"])
    for kid in ("../../x", "/dev/null", "' OR 1=1 --", "x" * 4000, "\0", "", EVIL):
        yield f"kid {kid[:12]!r}", saying(kid=kid)
    for odd in (None, 1, ["tests"], {"kid": "tests"}):
        yield f"kid of type {type(odd).__name__}", saying_unsealed(kid=odd)
    yield "critical words", lambda m, c: unsigned(m, c, "AAAA", crit=["exp"], exp=1)
    yield "a plain payload", lambda m, c: unsigned(m, c, "AAAA", b64=False, crit=["b64"])


def claims() -> Iterator[tuple[str, Forge]]:
    """What claims may try, under the issuer's true signature."""
    now = int(time.time())
    wrong: dict[str, list[Any]] = {
        "iss": ["https://evil.example/realms/readers", "", None, 1, ["x"]],
        "aud": ["account", [], ["account", "pinakes-evil"], "pinakes-evil", None, 1, "PINAKES"],
        "azp": ["pinakes-admin", "stranger", "", None],
        "typ": ["ID", "Refresh", "Offline", "", None, "bearer"],
        "exp": [now - 3600, 0, -1, None, "tomorrow", True],
        "nbf": [now + 3600, "yesterday"],
        "iat": [now + 3600, None, "now"],
        "sub": ["", None, 7],
    }
    for name, values in wrong.items():
        for value in values:
            told = repr(value).replace(str(now - 3600), "an hour ago")
            told = told.replace(str(now + 3600), "in an hour")  # names may not tell the time
            yield f"{name} {told}", claiming(name, value)
        if name != "nbf":
            yield f"no {name}", silent(name)
    for changed in ("/", "?x", "/../readers", "#"):
        yield f"iss with {changed!r}", at_issuer(changed)
    yield "iss in capitals", lambda m, c: signed(m, c | {"iss": c["iss"].upper()})
    yield (
        "a realm that is none",
        lambda m, c: signed(m, c | {"iss": c["iss"].rpartition("/")[0] + "/master"}),
    )


def bodies() -> Iterator[tuple[str, Forge]]:
    """What a broken or changed token may try."""
    yield "another subject", lambda m, c: sealed_again(m, c, sub=str(uuid4()))
    yield "more grants", lambda m, c: sealed_again(m, c, grants=["operator@*"])
    yield "a longer life", lambda m, c: sealed_again(m, c, exp=c["exp"] + 86_400)
    yield "no seal", lambda m, c: signed(m, c).rpartition(".")[0] + "."
    yield "two parts", lambda m, c: signed(m, c).rpartition(".")[0]
    yield "half a seal", lambda m, c: signed(m, c)[:-20]
    yield "a seal too long", lambda m, c: signed(m, c) + "AAAA"
    yield "four parts", lambda m, c: signed(m, c) + ".AAAA"
    yield "five parts", lambda m, c: f"{part({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.A.A.A.A"
    yield "no JSON", lambda m, c: f"{part(header(m))}.{b64(b'claims')}.AAAA"
    yield "a list", lambda m, c: f"{part(header(m))}.{part([c])}.AAAA"
    yield "depth", lambda m, c: f"{part(header(m))}.{b64(b'[' * 3000)}.AAAA"
    yield "size", lambda m, c: signed(m, c | {"x": "x" * 10_000})
    yield "no UTF-8", lambda m, c: f"{part(header(m))}.{b64(bytes([255, 254]))}.AAAA"
    yield "no base64", lambda m, c: f"{part(header(m))}.????.AAAA"
    yield "words", lambda m, c: "token"
    yield "dots", lambda m, c: ".."
    yield "another script", lambda m, c: "图书馆.图书馆.图书馆"


FORGERIES: list[tuple[str, Forge]] = [*headers(), *claims(), *bodies()]
