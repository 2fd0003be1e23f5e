"""Recovery codes: ten, each good for one use, kept as keyed digests and shown once.

A code has 16 characters of an alphabet of 32 without look-alikes: 80 bits, so nobody can try them all, even with the database and the key in
hand. Groups of four can be read over a telephone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from idp.clock import Clock
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.factors import RecoveryCodeStore, RecoverySet
from idp.services.audit import AuditLog

COUNT: Final = 10
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH: Final = 16
_GROUP: Final = 4
_LONGEST: Final = 64


class RecoveryCodes:
    """Makes sets of codes and uses them up."""

    def __init__(self, store: RecoveryCodeStore, key: bytes, audit: AuditLog, clock: Clock) -> None:
        """Take the store, a secret key, the log and the clock."""
        self._store = store
        self._key = key
        self._audit = audit
        self._clock = clock

    def renew(self, account_id: str, *, actor: str) -> tuple[str, ...]:
        """Make a new set, which ends the old one; the codes are returned this once."""
        codes = tuple("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(COUNT))
        record = self._record(Event.CREDENTIAL_SET, account_id, actor)
        digests = [self._digest(account_id, code) for code in codes]
        self._store.replace(account_id, digests, self._clock.now(), record)
        return tuple("-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in codes)

    def use(self, account_id: str, typed: str) -> bool:
        """Use a code up, however it was grouped and cased; of many parallel uses one succeeds."""
        code = "".join(character for character in typed[:_LONGEST].upper() if character.isalnum())
        if len(code) != _LENGTH or not set(code) <= set(_ALPHABET):
            return False
        record = self._record(Event.RECOVERY_CODE_USE, account_id, f"account:{account_id}")
        return self._store.use(account_id, self._digest(account_id, code), self._clock.now(), record)

    def state(self, account_id: str) -> RecoverySet | None:
        """Return how many are left, None where no set was made."""
        return self._store.state(account_id)

    def _digest(self, account_id: str, code: str) -> bytes:
        return hmac.digest(self._key, f"{account_id}\0{code}".encode(), hashlib.sha256)

    def _record(self, event: Event, account_id: str, actor: str) -> AuditRecord:
        detail = {"kind": "recovery_code"}
        return self._audit.record(
            AuditEvent(event, actor=actor, account_id=account_id, target=f"account:{account_id}", detail=detail)
        )
