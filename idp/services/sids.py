"""Session ids, and the state of a browser, as departments see them: a different one in each sector.

A session's own id never leaves the provider: the same ``sid`` at two departments would join what pairwise subjects keep apart.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from keys import base64url


class SessionIds:
    """Derives the ``sid`` claim (OpenID Connect Front-Channel Logout section 3, Back-Channel Logout section 2.4)."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Take a secret key that stays the same for the life of a session."""
        self._key = key

    def browser_state(self, session_id: str) -> str:
        """Return the value of the browser's state while this session lasts (OpenID Connect Session Management section 3.2)."""
        return self.sid(session_id, "\0browser-state")

    def session_state(self, session_id: str, client_id: str, origin: str) -> str:
        """Return ``session_state`` for one client at one origin: a salted digest over the browser's state (section 3.2)."""
        salt = base64url.encode_text(os.urandom(16))
        text = f"{client_id} {origin} {self.browser_state(session_id)} {salt}"
        made = hashlib.sha256(text.encode()).digest()
        return f"{base64url.encode_text(made)}.{salt}"

    def sid(self, session_id: str, sector_id: str) -> str:
        """Return the ``sid`` of a session for one sector: 22 characters of base64url."""
        mac = hmac.digest(self._key, f"{session_id}\0{sector_id}".encode(), hashlib.sha256)
        return base64url.encode_text(mac[:16])
