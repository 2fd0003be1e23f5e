"""Streams of security signals, and the signals that wait in them (OpenID Shared Signals Framework 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

PUSH: Final = "urn:ietf:rfc:8935"
POLL: Final = "urn:ietf:rfc:8936"


class StreamStatus(StrEnum):
    """SSF section 8.1.2: what a paused stream misses waits, what a disabled one misses is lost."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Stream:
    """A department's stream. ``events`` are the types that it asked for, ours or not; ``url`` is where they are pushed, "" where they are fetched.

    ``authorization`` is the header that the department wants to see with a push, "" for none. ``verified_at`` is the moment of the last
    verification asked for; ``next_at`` when the next push is tried, after ``attempts`` that failed. Moments are epoch seconds.
    """

    id: str
    client_id: str
    method: str
    events: tuple[str, ...]
    url: str = ""
    authorization: str = ""
    description: str = ""
    status: StreamStatus = StreamStatus.ENABLED
    reason: str = ""
    created_at: int = 0
    verified_at: int = 0
    attempts: int = 0
    next_at: int = 0


@dataclass(frozen=True, slots=True)
class QueuedSignal:
    """A signal that waits: ``id`` is its ``jti`` and its place; ``subject`` and ``events`` are claims (RFC 8417, RFC 9493).

    ``cause`` is the withdrawal that it tells of, "" for any other. ``txn`` is shared by what one act is told to one department as; "" where the
    signal stands alone.
    """

    id: str
    stream_id: str
    subject: Mapping[str, Any]
    events: Mapping[str, Any]
    created_at: int
    cause: str = ""
    txn: str = ""
