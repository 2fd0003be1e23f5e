"""CSRF tokens: an HMAC over the browser-binding cookie, the form's purpose and the hour it was made.

A page of another origin can post to us but can neither read nor set the ``HttpOnly`` cookie that the token fits.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_LIFETIME: Final = 12 * 3600


class Csrf:
    """Makes and checks tokens."""

    def __init__(self, key: bytes) -> None:
        """Take a secret key."""
        self._key = key

    def token(self, binding: str, purpose: str, now: int) -> str:
        """Return the hidden ``csrf_token`` of a form."""
        return f"{now:x}.{self._mac(binding, purpose, now)}"

    def is_valid(self, token: str, binding: str | None, purpose: str, now: int) -> bool:
        """Tell whether a posted token was made for this browser and form, at most twelve hours ago."""
        made, _, mac = token.partition(".")
        if not binding or len(made) > 12 or not made.isascii() or not made.isalnum():  # noqa: PLR2004 - hex seconds
            return False
        try:
            moment = int(made, 16)
        except ValueError:
            return False
        fits = hmac.compare_digest(mac.encode(), self._mac(binding, purpose, moment).encode())
        return fits and 0 <= now - moment <= _LIFETIME

    def _mac(self, binding: str, purpose: str, moment: int) -> str:
        return hmac.digest(self._key, f"{binding}\0{purpose}\0{moment}".encode(), hashlib.sha256).hex()
