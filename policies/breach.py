"""Breaches of personal data: the clock for telling the authority, and what a scope takes in.

The controller tells the authority within 72 hours of the discovery where harm is possible (Law 91/2025 article 23).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

NOTIFY_WITHIN: Final = 72 * 3600
"""Seconds from the discovery to the notification."""
LONGEST: Final = 400 * 86400
"""Seconds that a range may span: the log is kept for about so long."""


class Scope(StrEnum):
    """What was broken into: a system, every system of a unit and below, a signing key, sessions, or accounts."""

    CLIENT = "client"
    UNIT = "unit"
    KEY = "key"
    SESSION = "session"
    ACCOUNT = "account"


RELEASES: Final = frozenset(
    {
        "token:authorization_code",
        "token:front_channel",
        "token:refresh_token",
        "token:device_code",
        "token:ciba",
        "token:exchange",
        "token:jwt-bearer",
    }
)
"""Acts by which a system got data of a person."""
SIGHTS: Final = frozenset({"account:show", "account:export", "data-request:show"})
"""Acts by which somebody got data of a person here."""
ENTRIES: Final = frozenset({"session:sign-in", "session:step-up"})


def counted(scope: Scope) -> frozenset[str]:
    """Return the acts that count for a scope: of an account or a session also what was seen and done here."""
    return RELEASES | SIGHTS | ENTRIES if scope in {Scope.SESSION, Scope.ACCOUNT} else RELEASES


def notify_by(discovered: int) -> int:
    """Return the moment by which the authority must have been told."""
    return discovered + NOTIFY_WITHIN


def range_fault(since: int, until: int, discovered: int, now: int) -> str:
    """Return the field that is wrong in a request for a bundle, or nothing."""
    if since >= until or until - since > LONGEST:
        return "since"
    if since > now:
        return "until"
    return "discovered_at" if not 0 < discovered <= now else ""
