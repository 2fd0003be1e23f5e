"""A small mail server on loopback, with STARTTLS, TLS and authentication, that answers as a test tells it to."""

from __future__ import annotations

import base64
import socket
import ssl
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Write a self-signed certificate of a name or address and its key; returns both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    try:
        alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


class MailServer:
    """Takes mail. ``refuse`` maps a command word to the line that answers it; ``silent`` accepts connections and says nothing."""

    def __init__(
        self,
        files: tuple[Path, Path] | None = None,
        *,
        starttls: bool = True,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        silent: bool = False,
    ) -> None:
        self.refuse: dict[str, str] = {}
        self.inbox: Queue[tuple[str, EmailMessage]] = Queue()
        self.secured: list[bool] = []
        self._context = None
        if files is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*files)
        self._starttls, self._implicit, self._login, self._silent = starttls, implicit, login, silent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = Thread(target=self._serve, daemon=True)
        self._held: list[socket.socket] = []

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for one in self._held:
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._silent:
                self._held.append(connection)
                continue
            with suppress(OSError, ValueError), ExitStack() as held:
                held.callback(connection.close)
                connection.settimeout(5)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._talk(self._wrapped(connection, held) if self._implicit else connection, held)

    def _wrapped(self, connection: socket.socket, held: ExitStack) -> socket.socket:
        assert self._context is not None
        secured = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        held.callback(secured.close)
        secured.do_handshake()
        return secured

    def _talk(self, connection: socket.socket, held: ExitStack) -> None:
        recipient, is_in = "", self._login is None
        file = held.enter_context(connection.makefile("rb"))

        def say(line: str) -> None:
            connection.sendall(f"{line}\r\n".encode())

        say("220 test ESMTP")
        while line := file.readline():
            text = line.decode().strip()
            word = text.split(" ")[0].upper()
            if word in self.refuse:
                say(self.refuse[word])
            elif word == "EHLO":
                offers = ["250-test"]
                offers += ["250-STARTTLS"] if self._starttls and not isinstance(connection, ssl.SSLSocket) else []
                offers += ["250-AUTH PLAIN"] if self._login else []
                say("\r\n".join([*offers, "250 8BITMIME"]))
            elif word == "STARTTLS" and self._context is not None:
                say("220 go on")
                connection = self._wrapped(connection, held)
                file = held.enter_context(connection.makefile("rb"))
            elif word == "AUTH":
                is_in = base64.b64decode(text.split(" ")[2]).decode().split("\0")[1:] == list(self._login or ())
                say("235 in" if is_in else "535 who are you")
            elif word in {"MAIL", "RCPT", "NOOP", "RSET"}:
                recipient = text[9:-1] if word == "RCPT" else recipient
                say("250 fine" if is_in else "530 authenticate first")
            elif word == "DATA":
                say("354 go on")
                body = b"".join(iter(file.readline, b".\r\n"))
                self.secured.append(isinstance(connection, ssl.SSLSocket))
                self.inbox.put((recipient, message_from_bytes(body, policy=policy.default)))  # type: ignore[arg-type]
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("502 what")
