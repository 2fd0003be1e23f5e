"""From a WSGI environ to a ``WireRequest`` and back: the same for the hot endpoints and for those behind Flask.

Forwarded headers count only when the connection itself comes from a trusted proxy (``IDP_PROXY__TRUSTED``); from anybody else they are lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any, Final

from idp import handles
from idp.protocol.client_certificates import CHAIN as CHAIN_HEADER
from idp.protocol.client_certificates import HEADER as CERTIFICATE_HEADER
from idp.protocol.wire import MAX_BODY, WireRequest, WireResponse

Environ = dict[str, Any]
STREAMED: Final = "dinhdanh.streamed"
"""Set by the application in the environ of a request whose answer comes in pieces."""
StartResponse = Callable[..., Any]

_READ: Final = (
    ("authorization", "HTTP_AUTHORIZATION"),
    ("cookie", "HTTP_COOKIE"),
    ("accept", "HTTP_ACCEPT"),
    ("accept-language", "HTTP_ACCEPT_LANGUAGE"),
    ("if-none-match", "HTTP_IF_NONE_MATCH"),
    ("if-match", "HTTP_IF_MATCH"),
    ("idempotency-key", "HTTP_IDEMPOTENCY_KEY"),
    ("origin", "HTTP_ORIGIN"),
    ("dpop", "HTTP_DPOP"),
    ("user-agent", "HTTP_USER_AGENT"),
)
HEADERS: Final = {
    **dict(_READ),
    "content-type": "CONTENT_TYPE",
    "content-length": "CONTENT_LENGTH",
    "x-forwarded-for": "HTTP_X_FORWARDED_FOR",
    "host": "HTTP_HOST",
}
"""The variable of each header that anything here reads, by its lower-case name."""
_STATUS: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_MAX_HEADER: Final = 16 * 1024
_MAX_HOPS: Final = 16


class TooLarge(Exception):
    """The body is longer than anything that an endpoint reads; answered with 413 before it is read."""


class EnvironReader:
    """Builds wire requests."""

    def __init__(
        self, trusted: tuple[str, ...], client_certificate: str = "off", certificate_chain: str = "off"
    ) -> None:
        """Take the addresses or networks of trusted proxies, and the headers in which they hand on a client's certificate and its chain."""
        networks = tuple(ip_network(one, strict=False) for one in trusted)

        @lru_cache(maxsize=1024)
        def is_trusted(address: str) -> bool:
            try:
                parsed = ip_address(address)
            except ValueError:
                return False
            return any(parsed in network for network in networks)

        self._is_trusted = is_trusted
        self._any_trusted = bool(networks)
        of_proxies = {CERTIFICATE_HEADER: client_certificate, CHAIN_HEADER: certificate_chain}
        self._of_proxies = {ours: "HTTP_" + one.upper().replace("-", "_") for ours, one in of_proxies.items()}
        own = {one.lower(): self._of_proxies[ours] for ours, one in of_proxies.items()}
        self.variables = {**HEADERS, **own} if networks else HEADERS

    def read(self, environ: Environ) -> WireRequest:
        """Return the request with its body read; raises ``TooLarge``."""
        get = environ.get
        headers = {name: value for name, key in _READ if (value := get(key)) and len(value) <= _MAX_HEADER}
        if self._any_trusted:
            self._add_certificate(environ, headers)
        method: str = environ["REQUEST_METHOD"]
        body = b"" if method in {"GET", "HEAD"} else read_body(environ)
        return WireRequest(
            method,
            environ["PATH_INFO"],
            get("QUERY_STRING", ""),
            body,
            get("CONTENT_TYPE", ""),
            self.address(environ),
            headers,
            handles.new_case_code(),
        )

    def _add_certificate(self, environ: Environ, headers: dict[str, str]) -> None:
        """Pass on what the nearest hop says of the client's certificate, if that is a proxy of ours; anybody else could say anything."""
        for name, variable in self._of_proxies.items():
            value = environ.get(variable)
            if value and len(value) <= _MAX_HEADER and self._is_trusted(environ.get("REMOTE_ADDR", "")):
                headers[name] = value

    def address(self, environ: Environ) -> str:
        """Return the client's address: the nearest hop that is no trusted proxy of ours."""
        nearest: str = environ.get("REMOTE_ADDR", "")
        if not self._any_trusted or not self._is_trusted(nearest):
            return nearest
        hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")][-_MAX_HOPS:]
        for hop in reversed(hops):
            if not self._is_trusted(hop):
                return hop if _is_address(hop) else nearest
        return nearest


def read_body(environ: Environ) -> bytes:
    """Return the body, bounded; raises ``TooLarge``. A missing length reads what the server has collected, bounded too."""
    raw = environ.get("CONTENT_LENGTH") or ""
    if raw and (not raw.isdigit() or int(raw) > MAX_BODY):
        raise TooLarge
    body: bytes = environ["wsgi.input"].read(int(raw) if raw else MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise TooLarge
    return body


def send(response: WireResponse, start_response: StartResponse, *, head: bool = False) -> Iterable[bytes]:
    """Start the WSGI response and return its body; a HEAD request gets the headers only."""
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    start_response(_STATUS[response.status], headers)
    return [b"" if head else response.body]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
