"""Entity identifiers (OpenID Federation 1.0 section 1.2) and the addresses that follow from them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

from clients.uris import LOOPBACK_HOSTS, shape_fault

WELL_KNOWN: Final = "/.well-known/openid-federation"
MAX_LENGTH: Final = 512
"""Of an identifier: it becomes a client id, and stands in statements, logs and audit rows."""


def is_entity_id(value: object, *, loopback: bool = False) -> bool:
    """Tell whether ``value`` is an https URL of host, port and path alone; ``loopback`` also lets http on this machine pass.

    The guarded fetcher decides again, by address, before anything is asked there.
    """
    if not isinstance(value, str) or len(value) > MAX_LENGTH or shape_fault(value) is not None or "?" in value:
        return False
    parts = urlsplit(value)
    if not parts.netloc:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)


def configuration_url(entity_id: str) -> str:
    """Return where an entity publishes its configuration (section 9)."""
    return entity_id.removesuffix("/") + WELL_KNOWN


def fetch_url(endpoint: str, subject: str) -> str:
    """Return the address of a superior's statement about a subject (section 8.1.1)."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}sub={quote(subject, safe='')}"
