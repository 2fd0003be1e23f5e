"""The guarded fetcher: scheme, resolved address, size, time and redirects are decided here and nowhere else.

The attack is server-side request forgery: a registered URI that names, or resolves to, something only this machine can reach. The
name is resolved once, every address is judged, and the connection goes to the judged address, so that a second answer
of the name server (DNS rebinding) changes nothing; TLS still proves the name.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from idp.errors import DomainError, Refused
from idp.ports.fetcher import Fetched

_MAX_ANSWER: Final = 256 * 1024
_CHUNK: Final = 16 * 1024
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """What may be reached: ``allow`` are ``host:port`` pairs that pass although private; ``timeout`` is in seconds, all in all."""

    allow: frozenset[str]
    timeout: float
    loopback: bool


class GuardedFetcher:
    """``ports.fetcher.Fetcher`` over the standard library's HTTP client."""

    def __init__(self, policy: OutboundPolicy, context: ssl.SSLContext | None = None) -> None:
        """Take the policy; ``context`` defaults to the system's trust store (``SSL_CERT_FILE`` adds a bundle)."""
        self._policy = policy
        self._context = context or ssl.create_default_context()

    def post(self, url: str, body: bytes, content_type: str) -> Fetched:
        """POST ``body`` to ``url``."""
        return self._request("POST", url, body, {"Content-Type": content_type})

    def get(self, url: str, accept: str) -> Fetched:
        """GET ``url``."""
        return self._request("GET", url, None, {"Accept": accept})

    def _request(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Fetched:
        parts = urlsplit(url)
        address = self._judged(parts)
        deadline = time.monotonic() + self._policy.timeout
        connection = _Pinned(parts, address, self._policy.timeout, self._context)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body, {**headers, "User-Agent": "dinhdanh", "Connection": "close"})
            answer = connection.getresponse()
            return Fetched(answer.status, answer.getheader("Content-Type", ""), _bounded(answer, deadline))
        except (OSError, http.client.HTTPException) as error:
            raise DomainError(f"no answer: {type(error).__name__}", code="outbound_failed") from error
        finally:
            connection.close()

    def _judged(self, parts: SplitResult) -> Address:
        host, port = parts.hostname, _port(parts)
        if not host or parts.username or parts.scheme not in {"https", "http"}:
            raise Refused("only http and https URLs without a user may be fetched", code="outbound_refused")
        exempt = f"{host}:{port}" in self._policy.allow
        on_loopback = self._policy.loopback and host in _LOOPBACK_NAMES
        if parts.scheme == "http" and not (exempt or on_loopback):
            raise Refused("plain http may be fetched only where it is allowed by name", code="outbound_refused")
        addresses = _resolve(host, port)
        for address in addresses:
            if not (
                exempt or (address.is_global and not address.is_multicast) or (on_loopback and address.is_loopback)
            ):
                raise Refused("the name resolves to an address that may not be reached", code="outbound_refused")
        return addresses[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to the judged address that still speaks to, and checks the certificate of, the name."""

    def __init__(self, parts: SplitResult, address: Address, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(parts.hostname or "", _port(parts), timeout=timeout)
        self._address = str(address)
        self._tls = context if parts.scheme == "https" else None

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Refused("the URL's port is no number", code="outbound_refused") from error


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DomainError("the name does not resolve", code="outbound_failed") from error
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return [getattr(one, "ipv4_mapped", None) or one for one in addresses]


def _bounded(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read at most the bound, and no longer than the deadline: a peer that drips one byte a second holds nobody."""
    body = b""
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise DomainError("the answer is too long", code="outbound_failed")
        if time.monotonic() > deadline:
            raise DomainError("the answer took too long", code="outbound_failed")
    return body
