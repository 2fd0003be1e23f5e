"""What a change of a client changed, field by field, for people: never a secret, nor the digest of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.documents import to_document
from clients.model import Client

HIDDEN: Final = "***"
"""Stands for a value that nobody is shown; that it changed is told."""
_KEPT_BACK: Final = frozenset({"management_digest"})
_STAMPS: Final = frozenset({"client_id", "version", "created_at", "updated_at", "rewritten", "corrected"})
_NOTHING: Final[tuple[Any, ...]] = (None, False, 0, "", [], {})

Differences = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class ClientChange:
    """One change as it is kept: when (epoch seconds), by whom (a principal), what was done, why, and each field before and after.

    ``version`` is the registry's version that the change made; it orders the changes of all clients.
    """

    version: int
    at: int
    actor: str
    action: str
    reason: str
    fields: Differences


def differences(before: Client | None, after: Client) -> dict[str, tuple[Any, Any]]:
    """Return the fields that differ, each with its value before and after; of a new client (None) those that hold something.

    Secrets are shown by the moments at which they were made and end.
    """
    old, new = to_document(before) if before is not None else {}, to_document(after)
    found = {}
    for name in sorted(new.keys() - _STAMPS):
        is_new = before is None and new[name] not in _NOTHING
        if is_new or (before is not None and old[name] != new[name]):
            found[name] = (_told(name, old.get(name)), _told(name, new[name]))
    return found


def _told(name: str, value: Any) -> Any:
    if name in _KEPT_BACK:
        return HIDDEN if value is not None else None
    if name == "secrets" and value is not None:
        return [{"created_at": created_at, "expires_at": expires_at} for _, created_at, expires_at, *_ in value]
    return value
