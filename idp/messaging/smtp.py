"""Mail by SMTP: STARTTLS or TLS with the server's certificate checked, one connection a message, and an end to every wait.

The attacks: somebody on the way who answers in the server's place (the certificate must fit the name), or strips STARTTLS from what the server
offers (then nothing is sent); an address or subject that begins a header of its own (the message is built by ``email``, which refuses line breaks).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import cached_property
from pathlib import Path
from threading import Timer
from typing import Final

from idp.clock import Clock
from idp.errors import DomainError
from idp.messaging.secrets import read_secret
from idp.model.message import Message, Rendered
from idp.ports.carriers import Undeliverable

_PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over; ``security`` is ``starttls``, ``tls`` or ``none``; ``timeout`` in seconds, all in all."""

    host: str
    port: int
    security: str
    sender: str
    sender_name: str
    timeout: float
    username: str = ""
    password_file: Path | None = None
    authorities: Path | None = None


class SmtpCarrier:
    """``ports.carriers.Carrier`` over ``smtplib``."""

    def __init__(self, server: SmtpServer, clock: Clock) -> None:
        """Take where to and the clock."""
        self._server = server
        self._clock = clock

    def deliver(self, message: Message, rendered: Rendered, reference: str) -> None:
        """Hand one message over to the server."""
        try:
            mail = self._mail(message, rendered, reference)
        except ValueError as error:
            raise Undeliverable("the message cannot be written as a mail", code="mail_malformed") from error
        with self._connected() as connection:
            connection.send_message(mail, self._server.sender, [message.address])

    def check(self) -> str:
        """Connect, secure and authenticate, and say so."""
        with self._connected() as connection:
            connection.noop()
        return f"{self._server.host}:{self._server.port} by {self._server.security}"

    def _mail(self, message: Message, rendered: Rendered, reference: str) -> EmailMessage:
        sender = self._server.sender
        mail = EmailMessage(SMTP)
        mail["From"] = Address(self._server.sender_name, addr_spec=sender)
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = rendered.subject
        mail["Date"] = formatdate(self._clock.now(), usegmt=True)
        mail["Message-ID"] = f"<{reference}@{sender.rpartition('@')[2]}>"
        mail["Content-Language"] = message.language
        # RFC 3834: nobody's holiday notice answers a machine.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(rendered.text)
        if rendered.html:
            mail.add_alternative(rendered.html, subtype="html")
        return mail

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Yield a secured, authenticated connection; whatever goes wrong with it becomes a domain error."""
        try:
            with self._open() as connection:
                yield connection
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refused("smtp_recipient", max(codes, default=0)) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(_REASONS.get(type(error), "smtp_refused"), error.smtp_code) from None
        except smtplib.SMTPNotSupportedError as error:
            raise DomainError("the server does not offer what is demanded", code="smtp_not_offered") from error
        except ssl.SSLCertVerificationError as error:
            raise DomainError(f"the server's certificate: {error.verify_message}", code="smtp_certificate") from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise DomainError(f"no answer: {type(error).__name__}", code="smtp_unreachable") from error

    @contextmanager
    def _open(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        context = None if server.security == "none" else self._context
        connection = _Connection(server, context)
        # A server that drips its answer never lets a socket time-out come true: this ends the whole exchange.
        watchdog = Timer(server.timeout, connection.abort)
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.connect(server.host, server.port)
            if server.security == "starttls":
                connection.starttls(context=context)
            if server.username:
                connection.login(server.username, self._password())
            yield connection
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
        finally:
            watchdog.cancel()
            connection.close()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """The rules of TLS; reading the system's authorities takes longer than sending a message, so it is done once."""
        authorities = self._server.authorities
        context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _password(self) -> str:
        path = self._server.password_file
        return read_secret(path, "IDP_MAIL__PASSWORD_FILE") if path else ""


_REASONS: Final[dict[type[smtplib.SMTPException], str]] = {
    smtplib.SMTPAuthenticationError: "smtp_authentication",
    smtplib.SMTPSenderRefused: "smtp_sender",
    smtplib.SMTPDataError: "smtp_data",
}
_OURS: Final = frozenset({"smtp_authentication", "smtp_sender"})
"""What is wrong with our settings and not with the message: an operator puts it right, and the message waits for that."""


def _refused(reason: str, code: int) -> DomainError:
    """Return the error of a refusal by the server; its own words may repeat the address, so they go nowhere."""
    kind = Undeliverable if code >= _PERMANENT and reason not in _OURS else DomainError
    return kind(f"the server answered {code}", code=reason)


class _Connection(smtplib.SMTP):
    """A connection that can be cut from another thread, in TLS from the first byte where that is wanted."""

    def __init__(self, server: SmtpServer, context: ssl.SSLContext | None) -> None:
        """Connect to nothing yet: whoever waits for the greeting must already be watched."""
        super().__init__(local_hostname=server.sender.rpartition("@")[2], timeout=server.timeout)
        # The name that STARTTLS checks the certificate for; the base class learns it only where it connects at once.
        self._host = server.host
        self._tls = context if server.security == "tls" else None
        self._live: socket.socket | None = None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Return the connected socket: where the base class's own TLS variant secures it too."""
        plain = self._live = socket.create_connection((host, port), timeout)
        # Short commands that wait for an answer: held back until the last one is acknowledged, each would cost 40 milliseconds.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return plain
        self._live = secured = self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured

    def abort(self) -> None:
        """Cut the connection; whoever reads from it gets an end or an error."""
        live = self.sock or self._live
        if live is not None:
            with suppress(OSError):
                socket.socket.shutdown(live, socket.SHUT_RDWR)
