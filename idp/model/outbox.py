"""A message that must reach somebody, kept until it did or was given up, in the transaction of the act it tells of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One waiting message. ``kind`` names the sender (``backchannel_logout``); ``payload`` is a JSON document, sealed when stored."""

    id: str
    kind: str
    client_id: str
    payload: bytes
    attempts: int
    created_at: int
