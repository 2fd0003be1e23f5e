"""Session ids as departments see them: a different one in each sector.

A session's own id never leaves the provider: the same ``sid`` at two departments would join what pairwise subjects keep apart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac


class SessionIds:
    """Derives the ``sid`` claim (OpenID Connect Front-Channel Logout section 3, Back-Channel Logout section 2.4)."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Take a secret key that stays the same for the life of a session."""
        self._key = key

    def sid(self, session_id: str, sector_id: str) -> str:
        """Return the ``sid`` of a session for one sector: 22 characters of base64url."""
        mac = hmac.digest(self._key, f"{session_id}\0{sector_id}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac[:16]).rstrip(b"=").decode()
