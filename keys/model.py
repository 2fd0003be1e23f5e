"""A signing key and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

KEY_PURPOSE = "signing-keys"
"""Purpose of the data key that seals private keys."""


class KeyState(StrEnum):
    """``next`` -> ``active`` -> ``retired`` -> ``removed``; ``revoked`` from any of them."""

    NEXT = "next"
    """Published, signs nothing yet: caches of the JWK set are learning it."""
    ACTIVE = "active"
    """Signs."""
    RETIRED = "retired"
    """Signs no longer and has no private part any more; published while a token of it may live."""
    REMOVED = "removed"
    """Out of the JWK set; kept so that an old ID token can still serve as a hint."""
    REVOKED = "revoked"
    """Compromised or suspected: out of the JWK set at once, and nothing that it signed counts."""


PUBLISHED = frozenset({KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRED})
"""States in which a key is in the JWK set."""


class KeyAction(StrEnum):
    """What happens to a key; the audit event is ``key:<action>``."""

    CREATE = "create"
    ACTIVATE = "activate"
    RETIRE = "retire"
    REMOVE = "remove"
    REVOKE = "revoke"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One signing key. Moments are seconds since the epoch; ``None`` means that it has not happened.

    ``kid`` is the RFC 7638 thumbprint of ``public_jwk`` (which holds the key's members only). ``sealed`` is the private
    key as sealed PKCS #8, present only while the key is next or active. ``retires_at`` is the planned end of signing,
    set at activation; ``moved_to`` is the moment to which somebody moved it.
    """

    kid: str
    alg: str
    state: KeyState
    created_at: int
    published_at: int
    public_jwk: Mapping[str, str]
    sealed: bytes | None
    use: str = "sig"
    activated_at: int | None = None
    retires_at: int | None = None
    retired_at: int | None = None
    removed_at: int | None = None
    revoked_at: int | None = None
    moved_to: int | None = None

    @property
    def due_at(self) -> int | None:
        """Return when the end of signing is due: where it was moved to, or as planned at activation."""
        return self.retires_at if self.moved_to is None else self.moved_to

    def document(self) -> dict[str, Any]:
        """Return everything but the sealed private part as JSON-ready values, for storage.

        ``from_document`` reads it back.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "sealed"}
        # A process of the release before knows no moves, and goes on while nobody has moved anything.
        return {name: value for name, value in values.items() if name != "moved_to" or value is not None}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], sealed: bytes | None) -> SigningKey:
        """Return the key that ``document`` describes.

        Raises ``TypeError`` or ``ValueError`` for one that we did not write.
        """
        return cls(**{**document, "state": KeyState(document["state"])}, sealed=sealed)


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One thing that happened to one key, to be audited in the transaction of the change.

    ``reason`` is a reason id (``bootstrap``, ``schedule``, ``manual``, ``forced``, ``emergency``, ``expired``,
    ``disabled``); ``actor`` and ``note`` are the caller's, the note being what an operator gave as ``--reason``.
    ``moved_to`` is the moment to which a rotation was moved, None where it has its planned moment again.
    """

    action: KeyAction
    kid: str
    alg: str
    at: int
    reason: str
    actor: str = "system"
    note: str = ""
    moved_to: int | None = None
