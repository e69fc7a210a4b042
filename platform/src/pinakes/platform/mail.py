"""The door to the mail server: one message at a time, and what became of it."""

import smtplib
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal, Self

from anyio import to_thread

from pinakes.platform.config import Settings
from pinakes.platform.sending import Doubtful, Never, NotNow

PATIENCE = 20.0  # seconds for each answer of the server
WELL, FORWARDED = 250, 251
FOR_GOOD = 500


@dataclass(frozen=True, slots=True)
class MailServer:
    """Whoever takes our messages; *sender* is the address that they come from."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    user: str
    password: str
    sender: str

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The server of this deployment, if it has one."""
        if settings.smtp_host is None:
            return None
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_user,
            settings.smtp_password.get_secret_value(),
            settings.smtp_sender,
        )

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]

    async def send(self, message: EmailMessage, to: str) -> None:
        """Hand one message over.

        Raises:
            NotNow, Never: the server has not taken it.
            Doubtful: the line broke while it was being taken.
        """
        whole = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        await to_thread.run_sync(self._send, whole, to)

    def check(self) -> str:
        """Log in and out again (blocks); answers how the server greets."""
        with self._open() as smtp:
            greeting = smtp.ehlo_resp or b""
        return greeting.split(b"\n")[0].decode("ascii", "replace")

    def _send(self, body: bytes, to: str) -> None:
        with in_our_words(), self._open() as smtp:
            self._address(smtp, to)
            try:
                code, _ = smtp.data(body)
            except smtplib.SMTPDataError as refused:  # before it had heard any of it
                code = refused.smtp_code
            except OSError:
                raise Doubtful("smtp_cut_off") from None
            judge(code)

    def _address(self, smtp: smtplib.SMTP, to: str) -> None:
        """Say from whom and to whom; only a refused reader is a reason to give up."""
        code, _ = smtp.mail(self.sender)
        if code != WELL:
            raise NotNow(f"smtp_{code}")
        code, _ = smtp.rcpt(to)
        judge(code)

    @contextmanager
    def _open(self) -> Generator[smtplib.SMTP]:
        own = self.domain or None  # else smtplib asks the network for our name
        if self.tls == "tls":
            safely = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, own, timeout=PATIENCE, context=safely
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, own, timeout=PATIENCE)
        try:
            if self.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            if self.user:
                smtp.login(self.user, self.password)
            yield smtp
        finally:
            with suppress(OSError):
                smtp.quit()
            smtp.close()


def judge(code: int) -> None:
    """Raise when the server has said no: for now (4xx), or for good (5xx)."""
    if code not in {WELL, FORWARDED}:
        raise (Never if code >= FOR_GOOD else NotNow)(f"smtp_{code}")


@contextmanager
def in_our_words() -> Generator[None]:
    """What the library says names addresses; what goes wrong on the way in may be put right."""
    try:
        yield
    except smtplib.SMTPResponseException as refused:
        raise NotNow(f"smtp_{refused.smtp_code}") from None
    except ssl.SSLError:
        raise NotNow("smtp_tls") from None
    except OSError:  # smtplib's own errors are some of these
        raise NotNow("smtp_connection") from None
