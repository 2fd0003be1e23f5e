"""Parsers for the names by which a client's certificate is known (RFC 8705 section 2.1.2), after the manner of ``clients.fields``."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from clients import uris
from clients.fields import MAX_TEXT, Fault, raw_uri
from keys import certificates

_LABELS: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABELS}")
_MAILBOX: Final = re.compile(rf"[!#-'*+\-./-9=?A-Z^-~]{{1,64}}@(?=.{{1,253}}\Z){_LABELS}")


def distinguished_name(value: object) -> str:
    """Return the subject of a certificate as RFC 4514 writes it (RFC 8705 section 2.1.2)."""
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise Fault("not_text", f"must be a text of at most {MAX_TEXT} printable characters")
    try:
        certificates.distinguished_name(value)
    except ValueError as cause:
        raise Fault(
            "malformed", "must be a distinguished name as RFC 4514 writes it: CN=system.example.vn,O=Department,C=VN"
        ) from cause
    return value


def host_name(value: object) -> str:
    """Return a DNS name of a certificate; no wildcard, since it has to name one client."""
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise Fault("host", "must be a host name of ASCII labels without a wildcard")
    return value


def certificate_uri(value: object) -> str:
    """Return a URI of a certificate, of any scheme."""
    uri = raw_uri(value)
    fault = uris.shape_fault(uri)
    if fault is not None:
        raise Fault(*fault)
    return uri


def ip_text(value: object) -> str:
    """Return an IP address of a certificate (RFC 8705 section 2.1.2)."""
    try:
        return str(ip_address(value)) if isinstance(value, str) else _no_address()
    except ValueError as cause:
        raise Fault("host", "must be an IPv4 or IPv6 address") from cause


def _no_address() -> str:
    message = "not a text"
    raise ValueError(message)


def mailbox(value: object) -> str:
    """Return an e-mail address of a certificate."""
    if not isinstance(value, str) or not _MAILBOX.fullmatch(value):
        raise Fault("malformed", "must be an e-mail address in ASCII")
    return value
