"""``/.well-known/security.txt``: whom to tell of a weakness (RFC 9116)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from idp.clock import Clock
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import LANGUAGES

PATH: Final = "/.well-known/security.txt"
_LIFETIME: Final = 90 * 86400
"""Seconds for which somebody may rely on a copy; RFC 9116 section 2.5.5 recommends less than a year."""


class DisclosureEndpoint:
    """Answers with the operator's contacts."""

    def __init__(self, issuer: str, contacts: tuple[str, ...], clock: Clock) -> None:
        """Take the issuer, the operator's contacts as URIs in order of preference, and the clock."""
        self._issuer = issuer
        self._contacts = contacts
        self._clock = clock

    def handle(self, _wire: WireRequest) -> WireResponse:
        """Return the file (RFC 9116 section 2.5)."""
        # The end of a day, so that a file asked for twice is the same.
        until = datetime.fromtimestamp(self._clock.now() + _LIFETIME, UTC).strftime("%Y-%m-%dT23:59:59Z")
        lines = (
            *(f"Contact: {contact}" for contact in self._contacts),
            f"Expires: {until}",
            f"Preferred-Languages: {', '.join(LANGUAGES)}",
            f"Canonical: {self._issuer}{PATH}",
        )
        headers = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
        return WireResponse(
            200, (*headers, ("Cache-Control", "public, max-age=3600")), "".join(f"{line}\n" for line in lines).encode()
        )
