"""Cross-origin requests of scripts (single-page applications) at endpoints where a script proves itself by what it sends.

Any origin may ask: these endpoints read no cookie and no network address decides there, so a foreign page gains nothing that its own server
could not do (Fetch standard, "CORS protocol"). Credentials mode stays off. Pages, introspection and administration are never opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from idp.protocol.wire import Headers, WireRequest, WireResponse

Handler = Callable[[WireRequest], WireResponse]

_OPEN: Final[Headers] = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce"),
)
_PREFLIGHT: Final = WireResponse(
    204,
    (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "GET, POST"),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
        ("Access-Control-Max-Age", "86400"),
    ),
)


def open_to_scripts(handler: Handler) -> Handler:
    """Return the handler with preflight requests answered and its responses readable by scripts of any origin."""

    def handle(request: WireRequest) -> WireResponse:
        if request.method == "OPTIONS":
            return _PREFLIGHT
        response = handler(request)
        return replace(response, headers=response.headers + _OPEN) if request.header("origin") else response

    return handle
