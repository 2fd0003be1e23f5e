"""Answers that are given again when a request is repeated (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is known of a key: the digest of its first request, and the sealed answer, None while that one is being carried out."""

    fingerprint: bytes
    answer: bytes | None


class AnswerStore(Protocol):
    """Answers in SQL, by the digest of caller and key."""

    def begin(self, key: str, fingerprint: bytes, now: int, expires_at: int) -> KeptAnswer | None:
        """Claim a key for a first request, or return what is kept of it: of many callers one gets None."""
        ...

    def finish(self, key: str, answer: bytes) -> None:
        """Keep the sealed answer of a claimed key."""
        ...

    def forget(self, key: str) -> None:
        """Let a claimed key go: nothing was done by it."""
        ...
