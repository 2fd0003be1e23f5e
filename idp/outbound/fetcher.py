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
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Timer
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, urlsplit

from idp.errors import DomainError, Refused
from idp.ports.fetcher import Fetched

_MAX_ANSWER: Final = 256 * 1024
_CHUNK: Final = 16 * 1024
_NAT64: Final = ip_network("64:ff9b::/96")
"""RFC 6052: the last four octets are the IPv4 address that is reached."""
_UNICAST: Final = ip_network("2000::/3")
_SIX_TO_FOUR: Final = ip_network("2002::/16")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_ANSWERED_AS: Final[Mapping[str, Mapping[str, str]]] = {"application/secevent+jwt": {"Accept": "application/json"}}
"""What a receiver has to be asked for in answer to a body of a type (RFC 8935 section 2.1)."""
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
        self._given = context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """How peers prove who they are; reading the system's authorities takes long, and many processes never fetch anything."""
        return self._given or ssl.create_default_context()

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        authorization: str = "",
        headers: Mapping[str, str] = _NONE,
    ) -> Fetched:
        """POST ``body`` to ``url``, with an ``Authorization`` header if one is given, and with further ``headers``."""
        proof = {"Authorization": authorization} if authorization else {}
        accept = _ANSWERED_AS.get(content_type, {})
        return self._request("POST", url, body, {**accept, **headers, **proof, "Content-Type": content_type})

    def get(self, url: str, accept: str) -> Fetched:
        """GET ``url``."""
        return self._request("GET", url, None, {"Accept": accept})

    def get_authorized(self, url: str, accept: str, authorization: str) -> Fetched:
        """GET ``url`` with an ``Authorization`` header."""
        return self._request("GET", url, None, {"Accept": accept, "Authorization": authorization})

    def _request(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Fetched:
        parts = _split(url)
        deadline = time.monotonic() + self._policy.timeout
        connection = _Pinned(parts, self._judged(parts), deadline, self._context)
        # A peer that drips its headers byte by byte never lets a socket time-out come true: this ends the whole exchange.
        watchdog = Timer(self._policy.timeout, connection.abort)
        watchdog.daemon = True
        watchdog.start()
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body, {**headers, "User-Agent": "dinhdanh", "Connection": "close"})
            with connection.getresponse() as answer:
                head = answer.getheader
                body = _bounded(answer, deadline)
                return Fetched(answer.status, head("Content-Type", ""), body, head("Cache-Control", ""))
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise DomainError(f"no answer: {type(error).__name__}", code="outbound_failed") from error
        finally:
            watchdog.cancel()
            connection.close()

    def _judged(self, parts: SplitResult) -> list[Address]:
        host, port = parts.hostname, _port(parts)
        if not host or "@" in parts.netloc or parts.scheme not in {"https", "http"}:
            raise Refused("only http and https URLs without a user may be fetched", code="outbound_refused")
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        exempt = name in self._policy.allow
        on_loopback = self._policy.loopback and host in _LOOPBACK_NAMES
        if parts.scheme == "http" and not (exempt or on_loopback):
            raise Refused("plain http may be fetched only where it is allowed by name", code="outbound_refused")
        addresses = _resolve(host, port)
        for address in addresses:
            if not (exempt or _is_public(address) or (on_loopback and address.is_loopback)):
                raise Refused("the name resolves to an address that may not be reached", code="outbound_refused")
        return addresses


class _Pinned(http.client.HTTPConnection):
    """A connection to a judged address that still speaks to, and checks the certificate of, the name."""

    def __init__(self, parts: SplitResult, addresses: list[Address], deadline: float, context: ssl.SSLContext) -> None:
        super().__init__(parts.hostname or "", _port(parts))
        self._addresses = addresses
        self._deadline = deadline
        self._tls = context if parts.scheme == "https" else None
        self._live: socket.socket | None = None

    def connect(self) -> None:
        self.sock = self._live = self._reached()
        if self._tls is not None:
            secured = self._tls.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = self._live = secured
            secured.do_handshake()

    def _reached(self) -> socket.socket:
        failure: OSError | None = None
        for address in self._addresses:
            try:
                return socket.create_connection((str(address), self.port), max(0.01, self._deadline - time.monotonic()))
            except OSError as error:
                failure = error
        raise failure or OSError("the name has no address")

    def abort(self) -> None:
        """Cut the connection from another thread; whoever reads from it gets an end or an error.

        The standard library forgets ``sock`` as soon as it has read the head of a last answer, so we keep it as well.
        """
        if self._live is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._live, socket.SHUT_RDWR)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Refused("this is no URL", code="outbound_refused") from error


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
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _is_public(address: Address) -> bool:
    """Tell whether anybody may be reached at the address.

    An IPv4 address inside an IPv6 one is judged as itself: a translator on the way would carry us on to it. The lists
    of the standard library differ between Python's releases, so the IPv6 ranges that matter are named here.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in _NAT64:
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _UNICAST or address in _SIX_TO_FOUR:
            return False
    return address.is_global and not address.is_multicast


def _bounded(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read at most the bound, and no longer than the deadline: a peer that drips one byte a second holds nobody."""
    body = b""
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise DomainError("the answer is too long", code="outbound_failed")
    if time.monotonic() > deadline:
        raise DomainError("the answer took too long", code="outbound_failed")
    if answer.length:
        raise DomainError("the answer was cut off", code="outbound_failed")
    return body
