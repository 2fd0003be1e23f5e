"""Redirect URIs: exact matching, and the source that a page's Content-Security-Policy has to let through.

Exact means the same characters (RFC 9700 section 2.1, RFC 3986 section 6.2.1): no normalisation, because every rule of
equivalence is a rule that somebody can bend. What a redirect URI may look like is decided at registration
(``clients.uris``).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from clients.model import Client
from clients.uris import loopback_without_port


def matches(client: Client, uri: str) -> bool:
    """Tell whether ``uri`` is registered for ``client``, as it was sent.

    A native client may choose the port of a loopback address, because the system hands out a free one (RFC 8252
    section 7.3); everything else stays exact. The contract grants this to ``localhost`` beside the two IP literals.
    """
    if uri in client.redirect_set:
        return True
    return bool(client.loopback_redirects) and loopback_without_port(uri) in client.loopback_redirects


def form_action_origin(uri: str) -> str:
    """Return the source that ``form-action`` must allow for a validated redirect URI.

    Its origin; its scheme for a private-use one, and for ``[::1]``, since no Content-Security-Policy can name an IPv6
    address (CSP Level 3 section 2.3.1: host-char).
    """
    parts = urlsplit(uri)
    if not parts.netloc or "[" in parts.netloc:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"
