"""The servers of one directory: which is asked, for how long, and what happens when one does not answer.

Two time limits, as each alone leaves a hole: ldap3's are for one connect and for one silence, so a server that drips a byte a second would hold
a thread for ever; the watch ends the connection when the whole act has had its time.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from ldap3 import ANONYMOUS, NONE, SIMPLE, SYNC, Connection, Server
from ldap3.core.exceptions import LDAPException

from idp.config.directories import PORTS, Directory
from idp.directories.breaker import Breaker
from idp.directories.tls import StrictTls
from idp.errors import DirectoryUnavailable, DomainError

T = TypeVar("T")

_log = logging.getLogger("idp.directories")
_DOWN: Final = frozenset({"busy", "unavailable", "serverDown", "other", "timeLimitExceeded", "operationsError"})
"""Results with which a server says that it is not well: the next one is asked."""


class ServerFailedError(Exception):
    """One server did not answer as it should; ``reason`` is for operators."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server: its address as configured, taken apart, and its breaker."""

    url: str
    host: str
    port: int
    is_ldaps: bool
    breaker: Breaker = field(compare=False)


class Servers:
    """Opens connections to the first server that answers."""

    def __init__(self, settings: Directory, now: Callable[[], float] = time.monotonic) -> None:
        """Take the directory's settings and a monotonic clock."""
        self._settings = settings
        self._now = now
        self.failures: dict[str, str] = {}
        """Why a server failed last, by address; one that has answered since is not in it."""
        self.endpoints = tuple(self._endpoint(url) for url in settings.servers)

    def run(self, work: Callable[[Connection], T], times: int = 1) -> T:
        """Run ``work`` on a fresh connection of the first server that answers; ``times`` lengthens the limit for acts over many entries.

        Raises ``DirectoryUnavailable`` when none does, or when the configuration itself does not hold.
        """
        deadline = self._now() + self._settings.timeout * times
        failures = []
        for endpoint in self.endpoints:
            if not endpoint.breaker.may_try():
                failures.append(f"{endpoint.url}: left alone after failures")
                continue
            if self._now() >= deadline:
                break
            try:
                outcome = self._on(endpoint, work, deadline)
            except DomainError:
                endpoint.breaker.succeeded()  # The server is well; what is asked of it is wrong, and would be at the next one.
                raise
            except ServerFailedError as error:
                endpoint.breaker.failed()
                self.failures[endpoint.url] = error.reason
                failures.append(f"{endpoint.url}: {error.reason}")
                _log.warning("directory %s: %s: %s", self._settings.name, endpoint.url, error.reason)
            else:
                endpoint.breaker.succeeded()
                self.failures.pop(endpoint.url, None)
                return outcome
        text = "; ".join(failures) or "no time left"
        raise DirectoryUnavailable(
            f"directory {self._settings.name}: {text}", retry_after=self._settings.breaker_seconds
        )

    def _on(self, endpoint: Endpoint, work: Callable[[Connection], T], deadline: float) -> T:
        try:
            with self.connection(endpoint, deadline - self._now()) as connection:
                return work(connection)
        except (ServerFailedError, DomainError):
            raise
        except Exception as error:
            # Also what the library's decoder makes of an answer that is no LDAP: a broken server must not be an error of ours.
            raise ServerFailedError(f"{type(error).__name__}: {error}") from error

    @contextmanager
    def connection(self, endpoint: Endpoint, seconds: float) -> Iterator[Connection]:
        """Yield a connection with TLS where it is due, nobody signed in yet; it is closed after the block, or after ``seconds``."""
        made = self._made(endpoint)
        watch = Timer(seconds, _cut, (made,))
        watch.daemon = True
        watch.start()
        try:
            made.open(read_server_info=False)
            # Without this every question waits 40 ms for the acknowledgement of the one before.
            made.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._settings.starttls and not endpoint.is_ldaps and not made.start_tls(read_server_info=False):
                raise ServerFailedError("did not begin TLS")
            if watch.finished.is_set():
                raise ServerFailedError("no time left")  # The watch came before there was a connection to end.
            yield made
        finally:
            watch.cancel()
            _close(made)

    def _made(self, endpoint: Endpoint) -> Connection:
        settings = self._settings
        server = Server(
            endpoint.host,
            port=endpoint.port,
            use_ssl=endpoint.is_ldaps,
            tls=StrictTls(endpoint.host, settings.ca_file) if endpoint.is_ldaps or settings.starttls else None,
            get_info=NONE,
            connect_timeout=settings.connect_timeout,
        )
        return Connection(
            server,
            client_strategy=SYNC,
            authentication=ANONYMOUS,
            auto_referrals=False,  # A referral would send the service account's password to whichever host it names.
            raise_exceptions=False,
            check_names=False,
            auto_escape=False,
            receive_timeout=settings.receive_timeout,
            return_empty_attributes=False,
        )

    def _endpoint(self, url: str) -> Endpoint:
        parts = urlsplit(url)
        breaker = Breaker(self._settings.breaker_failures, self._settings.breaker_seconds, self._now)
        port = parts.port or PORTS[parts.scheme]
        return Endpoint(url, str(parts.hostname), port, parts.scheme == "ldaps", breaker)


def bind(
    connection: Connection, name: str, password: bytes, controls: list[tuple[str, bool, bytes | None]] | None = None
) -> Any:
    """Bind by name and password and return the result; raises ``ValueError`` for an empty password (RFC 4513 section 5.1.2)."""
    if not password or not name:
        message = "a bind without a password would succeed for anybody"
        raise ValueError(message)
    connection.authentication, connection.user, connection.password = SIMPLE, name, password
    connection.bind(read_server_info=False, controls=controls)
    return checked(connection)


def bind_service(connection: Connection, settings: Directory) -> None:
    """Bind as the account that searches, or as nobody; raises ``ServerFailedError`` that says it is the service account's trouble."""
    if not settings.bind_dn or settings.bind_password_file is None:
        connection.authentication, connection.user, connection.password = ANONYMOUS, None, None
        connection.bind(read_server_info=False)
        result = checked(connection)
    else:
        result = bind(connection, settings.bind_dn, service_password(settings.bind_password_file))
    if result["description"] != "success":
        raise ServerFailedError(f"the service account may not bind: {result['description']}")


def service_password(path: Path) -> bytes:
    """Return the password of the service account; raises ``ServerFailedError``."""
    try:
        password = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ServerFailedError(f"bind_password_file cannot be read: {error.strerror}") from error
    if not password:
        raise ServerFailedError("bind_password_file is empty")
    return password


def checked(connection: Connection) -> Any:
    """Return the last result; raises ``ServerFailedError`` when the server says that it is not well, or when there is none."""
    result = connection.result
    if not isinstance(result, dict) or result["description"] in _DOWN:
        raise ServerFailedError(f"answers {result['description'] if isinstance(result, dict) else 'nothing'}")
    return result


def _cut(connection: Connection) -> None:
    """End a connection from another thread: whoever waits for its answer gets an error at once."""
    held = connection.socket
    if held is None:
        return
    with suppress(OSError):
        held.shutdown(socket.SHUT_RDWR)


def _close(connection: Connection) -> None:
    held = connection.socket
    with suppress(LDAPException, OSError):
        connection.unbind()
    if held is not None:
        held.close()  # A connection that was never finished is not ldap3's to close.
