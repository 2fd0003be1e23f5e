"""Rules for every kind of URI in a registration; each returns the fault's reason id and sentence, or None.

A registered URI is compared character by character and ends up in a ``Location`` header, a form's ``action`` and a
Content-Security-Policy, so what is let in here has one reading only, whoever parses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

Fault = tuple[str, str]

MAX_LENGTH: Final = 2048
LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_ENCODED_CONTROL: Final = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff]|5[Cc])")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_AUTHORITY: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?")
"""Letters, digits, hyphens: a semicolon or comma in a host name would start a new directive or policy in a
Content-Security-Policy that names it."""
_MAX_PORT: Final = 65535
_NAME: Final = re.compile(r"[a-z][a-z0-9+.-]{1,31}:[^:].*")
_PRIVATE_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9][a-z0-9+-]*)+")
_LOOPBACK: Final = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(?::([1-9][0-9]{0,4}))?((?:[/?][!-~]*)?)")
_TEXT_RULES: Final[tuple[tuple[Callable[[str], bool], Fault], ...]] = (
    (lambda uri: len(uri) > MAX_LENGTH, ("too_long", f"must be at most {MAX_LENGTH} characters")),
    # Python and browsers drop tabs and line breaks from URLs and read a backslash as a slash, each in its own way.
    (
        lambda uri: not _CHARACTERS.fullmatch(uri),
        ("characters", "must hold no space, control character, backslash, stray % or letter beyond ASCII"),
    ),
    (
        lambda uri: bool(_ENCODED_CONTROL.search(uri)),
        ("characters", "must hold no control character or backslash, not even percent-encoded"),
    ),
    (lambda uri: "#" in uri, ("fragment", "must not have a fragment (RFC 6749 section 3.1.2)")),
    (lambda uri: "*" in uri, ("wildcard", "must not hold a wildcard: register each address (RFC 9700 section 2.1)")),
)
"""What can be said of the characters alone, in this order."""
_RESPONSE_PARAMETERS: Final = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response", "id_token", "access_token"}
)


def shape_fault(uri: str) -> Fault | None:
    """Return what is wrong with any URI: length, characters, user part, fragment, wildcard, host, path (RFC 3986)."""
    for is_broken, fault in _TEXT_RULES:
        if is_broken(uri):
            return fault
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "malformed", "must be a URI"
    return _parts_fault(parts)


def name_fault(uri: str) -> Fault | None:
    """Return what is wrong with a URI that is only compared, such as a URN: characters and scheme."""
    found = next((fault for is_broken, fault in _TEXT_RULES if is_broken(uri)), None)
    if found is not None:
        return found
    if not _NAME.fullmatch(uri):
        return "relative", "must be absolute: write the scheme, such as https or urn"
    return None


def web_fault(uri: str) -> Fault | None:
    """Return what is wrong with a URI that must be https, http passing on loopback only."""
    fault = shape_fault(uri)
    if fault is not None:
        return fault
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"} and not parts.netloc:
        return "host", "must name a host"
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
        return None
    return "scheme", "must be https (http passes on localhost, 127.0.0.1 and [::1] only)"


def return_fault(uri: str, application_type: str | None) -> Fault | None:
    """Return what is wrong with an address that browsers are sent back to.

    Native clients may use a private-use scheme (RFC 8252 section 7.1). ``application_type`` is None where it is itself
    at fault: then only what holds for every type is checked.
    """
    fault = shape_fault(uri)
    if fault is not None:
        return fault
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return web_fault(uri)
    if application_type == "web":
        return "scheme", "must be https (http passes on loopback only; other schemes are for application_type native)"
    if not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        # A short scheme such as myapp: can be claimed by any other app on the telephone; javascript: and data: run.
        return "private_scheme", "must have a scheme made of a domain name of yours, reversed: vn.gov.danang.app:/back"
    if parts.netloc or not parts.path.startswith("/"):
        return "private_scheme", "must have one slash after the scheme, since no host follows: vn.gov.danang.app:/back"
    return None


def redirect_fault(uri: str, application_type: str | None) -> Fault | None:
    """Return what is wrong with a redirect URI: as ``return_fault``, and it must hold no response parameter."""
    fault = return_fault(uri, application_type)
    if fault is not None:
        return fault
    # A parameter that is there already would make the response ambiguous: which code is the provider's?
    own = {name for name, _ in parse_qsl(urlsplit(uri).query, keep_blank_values=True)} & _RESPONSE_PARAMETERS
    return ("response_parameter", f"must not hold the parameter {min(own)}: the answer adds it") if own else None


@lru_cache(maxsize=256)
def origin(uri: str) -> str:
    """Return scheme, host and port of a checked URI as a Content-Security-Policy or a script names them (RFC 6454 section 6.1)."""
    parts = urlsplit(uri)
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default) if default else parts.netloc.lower()}"


def loopback_without_port(uri: str) -> str | None:
    """Return an http loopback URI without its port, None for any other: two such are the same but for the port.

    Read by one pattern over the raw characters, not by a URL parser: nothing is dropped, decoded or folded.
    """
    found = _LOOPBACK.fullmatch(uri)
    if found is None or int(found[2] or 0) > _MAX_PORT or "#" in found[3]:
        return None
    return f"http://{found[1]}{found[3]}"


def _parts_fault(parts: SplitResult) -> Fault | None:
    if not parts.scheme:
        return "relative", "must be absolute: write the scheme, such as https"
    if "@" in parts.netloc:
        return "userinfo", "must not name a user"
    if parts.netloc and _is_bad_authority(parts.netloc):
        return "host", "must name a host of ASCII labels (xn-- for Vietnamese ones) and at most a port from 1 to 65535"
    segments = parts.path.lower().replace("%2e", ".").split("/")
    if any(segment in {".", ".."} for segment in segments):
        return "path", "must not hold . or .. as a path segment"
    return None


def _is_bad_authority(netloc: str) -> bool:
    found = _AUTHORITY.fullmatch(netloc)
    return found is None or int(found["port"] or 0) > _MAX_PORT
