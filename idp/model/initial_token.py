"""An initial access token: leave to register clients over HTTP (RFC 7591 section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from clients.terms import Terms


@dataclass(frozen=True, slots=True)
class InitialToken:
    """``uses_left`` registrations until ``expires_at`` (epoch seconds), on ``terms``. The secret itself is nowhere."""

    id: str
    terms: Terms
    uses_left: int
    created_at: int
    expires_at: int
    revoked_at: int | None = None
