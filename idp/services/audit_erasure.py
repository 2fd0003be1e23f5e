"""Erases the personal part of a person's audit records: what happened stays, provable; to whom it happened is gone, salt and all.

The record of the erasure names the numbers and the reason, not the person: it must not keep what was to be erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from idp.model.audit import AuditEvent, Event
from idp.ports.audit_segments import AuditKeeper, Erased
from idp.services.audit import AuditLog, personal_text
from policies.audit_commitments import SALT_BYTES, part_digest

_BATCH: Final = 200


class AuditErasure:
    """Erases in batches, each in one transaction with the record that says so."""

    def __init__(self, keeper: AuditKeeper, log: AuditLog) -> None:
        """Take the store and the log."""
        self._keeper = keeper
        self._log = log

    def erase(self, account_id: str, *, before_us: int, reason: str, actor: str = "operator:local") -> int:
        """Erase what names the account in records made before a moment; returns how many. Repeating erases nothing more."""
        total = 0
        while rows := self._keeper.naming(account_id, before_us, _BATCH):
            detail = {"numbers": ranges([int(row["seq"]) for row in rows])}
            event = AuditEvent(Event.AUDIT_ERASE, reason=reason, actor=actor, target="audit", detail=detail)
            record = self._log.record(event)
            self._keeper.erase([erased(row) for row in rows], record)
            total += len(rows)
        return total


def erased(row: Mapping[str, Any]) -> Erased:
    """Return what is left of a record: the salt of its public part, and the digest in place of its personal part."""
    salt = bytes(row["salt"])
    return Erased(int(row["seq"]), salt[:SALT_BYTES], part_digest(salt[SALT_BYTES:], personal_text(row)))


def ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Return numbers as inclusive ranges."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
