"""The request and the response as the protocol sees them, whatever server or framework carried them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from idp.model.frozen import frozen

MAX_BODY: Final = 64 * 1024
MAX_QUERY: Final = 16 * 1024

Headers = tuple[tuple[str, str], ...]

NO_STORE: Final[Headers] = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
JSON: Final[Headers] = (("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff"))


@frozen
class WireRequest:
    """One HTTP request, read completely and bounded before it got here.

    ``query`` and ``body`` are raw; ``address`` is the client's network address after trusted proxies were taken off; ``headers`` holds
    lower-case names of the few headers that the protocol reads. ``case_code`` joins the answer, the log line and the audit record.
    """

    method: str
    path: str
    query: str
    body: bytes
    content_type: str
    address: str
    headers: dict[str, str]
    case_code: str

    def header(self, name: str) -> str:
        """Return the header of this lower-case name, or an empty string."""
        return self.headers.get(name, "")


@frozen
class WireResponse:
    """One HTTP response: status, header pairs (repeated names allowed) and body."""

    status: int
    headers: Headers
    body: bytes = b""


@frozen
class StreamedResponse(WireResponse):
    """One whose body comes in pieces, so that it never has to be held whole; of pages only, hot paths know no such thing."""

    chunks: Iterable[bytes] = ()


def json_response(document: object, status: int = 200, headers: Headers = NO_STORE) -> WireResponse:
    """Return ``document`` as JSON; never cacheable unless ``headers`` says otherwise (RFC 6749 section 5.1)."""
    return WireResponse(status, JSON + headers, orjson.dumps(document))


def redirect(location: str, headers: Headers = ()) -> WireResponse:
    """Return a redirect that never re-posts a body: 303 (RFC 9700 section 4.12)."""
    return WireResponse(303, (("Location", location), ("Referrer-Policy", "no-referrer"), *NO_STORE, *headers))
