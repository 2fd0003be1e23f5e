"""Rules for every kind of URI in a registration; each returns the fault's reason id and sentence, or None."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from clients.redirects import LOOPBACK_HOSTS

Fault = tuple[str, str]

MAX_LENGTH: Final = 2048
_PRIVATE_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9-]+)+")
_ALLOWED: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


def shape_fault(uri: str) -> Fault | None:
    """Return what is wrong with any URI: characters, length, user part, fragment, wildcard, host."""
    if len(uri) > MAX_LENGTH:
        return "too_long", f"is longer than {MAX_LENGTH} characters"
    if not _ALLOWED.fullmatch(uri):
        return "characters", "holds characters that no URI may (spaces, control characters, backslash, letters beyond ASCII)"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "malformed", "is not a URI"
    if not parts.scheme:
        return "relative", "must be absolute: write the scheme, such as https"
    if "#" in uri:
        return "fragment", "must not have a fragment"
    if "@" in parts.netloc:
        return "userinfo", "must not name a user"
    if "*" in uri:
        return "wildcard", "must not hold a wildcard: register each address"
    if any(part in {".", "..", "%2e", "%2e%2e"} for part in parts.path.lower().split("/")):
        return "path", "must not hold . or .. as a path segment"
    return None


def web_fault(uri: str) -> Fault | None:
    """Return what is wrong with a URI that must be https, http passing on loopback only."""
    fault = shape_fault(uri)
    if fault is not None:
        return fault
    parts = urlsplit(uri)
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS:
        return None
    return "scheme", "must be https (http passes on loopback only)"


def redirect_fault(uri: str, application_type: str) -> Fault | None:
    """Return what is wrong with a redirect URI; native clients may use a private-use scheme (RFC 8252 section 7.1)."""
    fault = shape_fault(uri)
    if fault is not None:
        return fault
    parts = urlsplit(uri)
    if application_type == "native" and not parts.netloc and _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return None
    return web_fault(uri)
