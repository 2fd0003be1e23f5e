"""Redirect URIs: exact matching, and the origin that a page's Content-Security-Policy has to let through.

Exact means the same characters (RFC 9700 section 2.1): no normalisation, because every rule of equivalence is a rule that somebody can bend.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from clients.model import Client

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def matches(client: Client, uri: str) -> bool:
    """Tell whether ``uri`` is registered for ``client``; a native client may choose its loopback port (RFC 8252 section 7.3)."""
    if uri in client.redirect_set:
        return True
    return client.application_type == "native" and _matches_loopback(client, uri)


def form_action_origin(uri: str) -> str:
    """Return what ``form-action`` must allow for a validated redirect URI: its origin, or its scheme for a private-use one."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def without_port(uri: str) -> str | None:
    """Return an http loopback URI without its port, None for any other: two such are the same but for the port."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in LOOPBACK_HOSTS or "@" in parts.netloc or "#" in uri:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    expected = f"{host}:{port}" if port is not None else host
    if parts.netloc != expected:
        return None
    return f"http://{host}{uri.removeprefix('http://' + parts.netloc)}"


def _matches_loopback(client: Client, uri: str) -> bool:
    wanted = without_port(uri)
    return wanted is not None and any(without_port(registered) == wanted for registered in client.redirect_uris)
