"""The mail server is believed by its certificate alone, and told a password only then."""

import base64
import datetime as dt
import ipaddress
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from anyio import to_thread
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from posting import PostOffice, opened
from pydantic import SecretStr, ValidationError

from pinakes.platform.config import Settings
from pinakes.platform.mail import MailServer
from pinakes.platform.sending import NotNow

pytestmark = pytest.mark.anyio


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path / "mail.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def letter() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "hello"
    message.set_content(".\nand more")
    return message


@contextmanager
def believed(file: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let this machine trust the certificate."""
    with monkeypatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(file))
        yield


async def test_a_password_goes_to_a_server_with_the_right_certificate_alone(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with opened(PostOffice(offers=("AUTH PLAIN",)), tls) as office:
        server = MailServer("127.0.0.1", office.port, "tls", "us", "word", "library@example.net")
        with pytest.raises(NotNow, match="smtp_tls"):
            await server.send(letter(), "ming@example.org")
        assert office.words == []
        with believed(certificate, monkeypatch):
            await server.send(letter(), "ming@example.org")
            assert await to_thread.run_sync(server.check) == "here"
    said, _ = [words for words in office.words if words.startswith(b"AUTH PLAIN ")]
    assert base64.b64decode(said.split()[-1]) == b"\0us\0word"
    assert office.letters[0].get_content().splitlines() == [".", "and more"]


async def test_a_server_without_encryption_is_told_nothing() -> None:
    async with opened(PostOffice(offers=("AUTH PLAIN",))) as office:
        server = MailServer("127.0.0.1", office.port, "starttls", "us", "w", "library@example.net")
        with pytest.raises(NotNow, match="smtp_connection"):
            await server.send(letter(), "ming@example.org")
    assert {words.split()[0].upper() for words in office.words} <= {b"EHLO", b"QUIT"}


async def test_a_server_that_is_away_is_asked_later() -> None:
    server = MailServer("127.0.0.1", 1, "none", "", "", "library@example.net")
    with pytest.raises(NotNow, match="smtp_connection"):
        await server.send(letter(), "ming@example.org")


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_sender": ""},
        {"smtp_user": "us", "smtp_tls": "none"},
        {"smtp_tls": "maybe"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, str]) -> None:
    own = {name: SecretStr("postgresql://") for name in ("database", "carrier", "public")}
    mail = {"smtp_host": "mail", "smtp_sender": "library@example.net"}
    assert MailServer.of(Settings.model_validate({**own, **mail})) is not None
    assert MailServer.of(Settings.model_validate(own)) is None
    with pytest.raises(ValidationError):
        Settings.model_validate({**own, **mail, **wrong})
