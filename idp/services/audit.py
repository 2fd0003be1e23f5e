"""The audit log: turns events into records, writes refusals, searches.

Owns the shape of a record, its commitment and its MAC. An act hands its record to the port that performs the act, which inserts both in one
transaction; ``refuse`` writes a record on its own. ``services.audit_tree`` enters the records into the tree afterwards, so that requests never
wait for each other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.model.audit import AuditEvent, AuditRecord
from idp.ports.audit import AuditQuery, AuditStore
from policies.audit_commitments import SALT_BYTES, commitment, part_digest, salted_commitment

PUBLIC: Final = ("id", "at_us", "event", "outcome", "case_code", "client_id")
"""What happened; shown in every export. Never a word about a person."""
PERSONAL: Final = ("reason", "actor", "account_id", "session_id", "target", "detail", "sealed")
"""To whom, by whom and why (an operator's own words); what is left out of an export without personal data, and what erasing erases."""
_SHOWN: Final = (
    *("id", "at_us", "event", "outcome", "reason", "case_code", "actor"),
    *("account_id", "client_id", "session_id", "target", "detail", "seq"),
)
_PUBLIC_VALUES: Final = itemgetter(*PUBLIC)
_PERSONAL_VALUES: Final = itemgetter(*PERSONAL)
_MAC: Final = b"audit record"
_CHAINED: Final = _SHOWN[:-1]
"""What the MAC covered, in this order, before there were commitments; the sealed part came last."""


class AuditLog:
    """Makes, writes and searches audit records.

    ``key`` shows that a record is ours (HMAC-SHA-256); ``seal`` and ``unseal`` keep network addresses and browser names from
    readers of the database.
    """

    def __init__(
        self,
        store: AuditStore,
        clock: Clock,
        key: bytes,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take the store, the clock, the MAC key and the two halves of the sealing (plaintext or ciphertext, AAD)."""
        self._store = store
        self._clock = clock
        self._key = key
        self._keyed = hashlib.blake2b(digest_size=32, key=key, person=_MAC)
        self._seal = seal
        self._unseal = unseal

    def record(self, event: AuditEvent) -> AuditRecord:
        """Return the event as a row with its id, moment, commitment and MAC, to be inserted in the transaction of the act."""
        record_id = handles.new_id()
        values: dict[str, Any] = {
            "id": record_id,
            "at_us": self._clock.now_us(),
            "event": str(event.event),  # ``value`` of an enumeration is three calls away.
            "outcome": str(event.outcome),
            "reason": event.reason,
            "case_code": event.case_code,
            "actor": event.actor,
            "account_id": event.account_id,
            "client_id": event.client_id,
            "session_id": event.session_id,
            "target": event.target,
            "detail": orjson.dumps(dict(event.detail)).decode() if event.detail else "{}",
            "sealed": self._seal(orjson.dumps(dict(event.private)), record_id.encode()) if event.private else None,
            "salt": os.urandom(2 * SALT_BYTES),
        }
        values["commitment"] = committed = _commitment(values, values["salt"])
        values["mac"] = self._mac(committed)
        return AuditRecord(values)

    def write(self, event: AuditEvent) -> AuditRecord:
        """Write an event that belongs to no other transaction; a refusal that cannot be recorded is an error, not a silence."""
        record = self.record(event)
        self._store.append(record)
        return record

    def search(self, query: AuditQuery) -> list[dict[str, object]]:
        """Return matching records with their private part opened as ``private`` (a mapping)."""
        return [self._readable(row) for row in self._store.search(query)]

    def is_ours(self, row: Mapping[str, Any]) -> bool:
        """Tell whether the row's MAC fits its commitment, or its content where it is older than commitments."""
        mac = _octets(row["mac"])
        if hmac.compare_digest(self._mac(_octets(row["commitment"])), mac):
            return True
        return hmac.compare_digest(self._old_mac(row), mac)

    def sign(self, text: bytes) -> bytes:
        """Return a MAC of ours over something about the log that is not a record."""
        return hmac.digest(self._key, text, "sha256")

    def _mac(self, committed: bytes) -> bytes:
        # Keyed BLAKE2b (RFC 7693 section 2.9): a third of the time of HMAC, and records are on every request's way.
        mac = self._keyed.copy()
        mac.update(committed)
        return mac.digest()

    def _old_mac(self, row: Mapping[str, Any]) -> bytes:
        sealed = row["sealed"]
        bound = [*(row[name] for name in _CHAINED), _octets(sealed).hex() if sealed is not None else None]
        return hmac.digest(self._key, orjson.dumps(bound, default=repr), "sha256")

    def _readable(self, row: Mapping[str, object]) -> dict[str, object]:
        sealed = row["sealed"]
        private: object = {}
        if sealed is not None:
            private = orjson.loads(self._unseal(bytes(sealed), str(row["id"]).encode()))  # type: ignore[call-overload]
        shown = {name: row[name] for name in _SHOWN}
        return {**shown, "detail": orjson.loads(str(row["detail"])), "private": private}


def public_text(row: Mapping[str, Any]) -> bytes:
    """Return the public part of a record as the bytes that its commitment covers: the values of ``PUBLIC`` as a JSON array."""
    return orjson.dumps(_PUBLIC_VALUES(row), default=repr)


def personal_text(row: Mapping[str, Any]) -> bytes:
    """Return the personal part of a record as the bytes that its commitment covers: the values of ``PERSONAL`` as a JSON array.

    The sealed part is there as hexadecimal text.
    """
    *values, sealed = _PERSONAL_VALUES(row)
    return orjson.dumps([*values, None if sealed is None else _octets(sealed).hex()], default=repr)


def commitment_of(row: Mapping[str, Any]) -> bytes:
    """Return the commitment that fits a record's content; of an erased one, what is left of it."""
    salt, erased = _octets(row["salt"]), row["erased"]
    if erased is None:
        return _commitment(row, salt)
    return commitment(part_digest(salt, public_text(row)), _octets(erased))


def _commitment(row: Mapping[str, Any], salt: bytes) -> bytes:
    return salted_commitment(salt, public_text(row), personal_text(row))


def link(previous: bytes, seq: int, row: Mapping[str, Any]) -> bytes:
    """Return the value of the chain that was kept before there was a tree: SHA-256 over the one before, the number, the id and the MAC."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + str(row["id"]).encode() + _octets(row["mac"])).digest()


def _octets(value: object) -> bytes:
    """Return a stored binary value; what was tampered into another type is empty, which nothing fits."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""
