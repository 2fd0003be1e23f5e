"""The audit log: seals events into records, writes refusals, numbers and verifies the log.

Owns the shape of a record and its MAC. An act hands its record to the port that performs the act, which inserts both in one transaction;
``refuse`` writes a record on its own. Numbering is done afterwards by one sequencer, so that requests never wait for each other.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from idp import handles
from idp.clock import Clock
from idp.model.audit import AuditEvent, AuditRecord
from idp.ports.audit import AuditQuery, AuditStore

_BOUND = (
    "id",
    "at_us",
    "event",
    "outcome",
    "reason",
    "case_code",
    "actor",
    "account_id",
    "client_id",
    "session_id",
    "target",
    "detail",
)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record of the log that does not hold: where it stands and why."""

    position: int
    record_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification: records read, how many of them are numbered, the chain's head, and the first fault if any."""

    checked: int
    sequenced: int
    head: str
    fault: Fault | None


class AuditLog:
    """Seals, writes, numbers and verifies audit records.

    ``key`` authenticates each row (HMAC-SHA-256); ``seal`` and ``unseal`` keep network addresses and browser names from
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
        self._seal = seal
        self._unseal = unseal

    def record(self, event: AuditEvent) -> AuditRecord:
        """Return the event as a row with its id, moment and MAC, to be inserted in the transaction of the act."""
        record_id = handles.new_id()
        values: dict[str, object] = {
            "id": record_id,
            "at_us": self._clock.now_us(),
            "event": event.event.value,
            "outcome": event.outcome.value,
            "reason": event.reason,
            "case_code": event.case_code,
            "actor": event.actor,
            "account_id": event.account_id,
            "client_id": event.client_id,
            "session_id": event.session_id,
            "target": event.target,
            "detail": orjson.dumps(dict(event.detail)).decode() if event.detail else "{}",
            "sealed": self._seal(orjson.dumps(dict(event.private)), record_id.encode()) if event.private else None,
        }
        values["mac"] = self._mac(values)
        return AuditRecord(values)

    def write(self, event: AuditEvent) -> AuditRecord:
        """Write an event that belongs to no other transaction; a refusal that cannot be recorded is an error, not a silence."""
        record = self.record(event)
        self._store.append(record)
        return record

    def search(self, query: AuditQuery) -> list[dict[str, object]]:
        """Return matching records with their private part opened as ``private`` (a mapping)."""
        return [self._readable(row) for row in self._store.search(query)]

    def sequence(self) -> int:
        """Number and chain all records that wait; returns how many. Safe to call from many processes: one does the work."""
        total = 0
        while done := self._store.sequence(link, _BATCH):
            total += done
        return total

    def head(self) -> dict[str, object]:
        """Return the signed head of the log: its length, chain value and MAC. Kept elsewhere, it makes a cut-off tail visible."""
        size, chain = self._store.head()
        return {"size": size, "head": chain.hex(), "mac": self._head_mac(size, chain.hex())}

    def verify(self, checkpoint: Mapping[str, Any] | None = None) -> Verdict:
        """Read the whole log and check each MAC, the numbering without a gap and the chain; stops at the first fault.

        ``checkpoint`` is an earlier ``head``: the log must still contain it.
        """
        previous, sequenced, checked = b"", 0, 0
        if checkpoint is not None and not self._is_ours(checkpoint):
            return Verdict(0, 0, "", Fault(0, "", "the checkpoint itself was changed"))
        size, head = (int(checkpoint["size"]), checkpoint["head"]) if checkpoint is not None else (0, "")
        for row in self._store.in_sequence():
            checked += 1
            fault = self._fault(row, previous, sequenced + 1)
            if not fault and row["seq"] is not None:
                previous, sequenced = bytes(row["chain"]), sequenced + 1  # type: ignore[call-overload]
                if sequenced == size and previous.hex() != head:
                    fault = "the log differs from the checkpoint: it was rewritten"
            if fault:
                return Verdict(checked, sequenced, previous.hex(), Fault(checked, str(row["id"]), fault))
        if sequenced < size:
            missing = f"the log ends at record {sequenced}; the checkpoint saw {size}"
            return Verdict(checked, sequenced, previous.hex(), Fault(sequenced + 1, "", missing))
        return Verdict(checked, sequenced, previous.hex(), None)

    def _is_ours(self, checkpoint: Mapping[str, Any]) -> bool:
        """Tell whether ``checkpoint`` is a head that we signed; a lowered size would leave nothing to compare."""
        expected = self._head_mac(int(checkpoint["size"]), str(checkpoint["head"]))
        return hmac.compare_digest(str(checkpoint["mac"]).encode(), expected.encode())

    def _head_mac(self, size: int, head: str) -> str:
        return hmac.digest(self._key, f"head\0{size}\0{head}".encode(), hashlib.sha256).hex()

    def _fault(self, row: Mapping[str, object], previous: bytes, expected: int) -> str | None:
        if not hmac.compare_digest(self._mac(row), _octets(row["mac"])):
            return "the record was changed: its MAC does not fit"
        if row["seq"] is None:
            return None
        if row["seq"] != expected:
            return f"record number {expected} is missing"
        if not hmac.compare_digest(link(previous, expected, row), _octets(row["chain"])):
            return "the chain breaks here: a record before it was changed, removed or moved"
        return None

    def _mac(self, row: Mapping[str, object]) -> bytes:
        sealed = row["sealed"]
        bound = [row[name] for name in _BOUND]
        bound.append(_octets(sealed).hex() if sealed is not None else None)
        return hmac.digest(self._key, orjson.dumps(bound), hashlib.sha256)

    def _readable(self, row: Mapping[str, object]) -> dict[str, object]:
        sealed = row["sealed"]
        private: object = {}
        if sealed is not None:
            private = orjson.loads(self._unseal(bytes(sealed), str(row["id"]).encode()))  # type: ignore[call-overload]
        shown = {name: row[name] for name in (*_BOUND, "seq")}
        return {**shown, "detail": orjson.loads(str(row["detail"])), "private": private}


def link(previous: bytes, seq: int, row: Mapping[str, object]) -> bytes:
    """Return the chain value of a row: SHA-256 over the one before, the number, the id and the MAC."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + str(row["id"]).encode() + bytes(row["mac"])).digest()  # type: ignore[call-overload]


def _octets(value: object) -> bytes:
    """Return a stored binary value; what was tampered into another type is empty, which no MAC fits."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""
