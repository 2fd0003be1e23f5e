"""One reading of the whole audit log by its owner: each record against its commitment and MAC, each leaf, the roots that were signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from idp.model.audit import Event
from idp.ports.audit import AuditTreeStore
from idp.services.audit import PERSONAL, AuditLog, commitment_of, link
from policies.audit_commitments import VOID
from policies.merkle import HASH_BYTES, TILE_WIDTH, Frontier, leaf_hash

VOID_LEAF: Final = leaf_hash(VOID)
_BLANK: Final = dict.fromkeys(("reason", "actor", "target"), "") | {"detail": "{}"}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record of the log that does not hold: its number, its id where it is there at all, and why."""

    position: int
    record_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification: records read, numbers that have a leaf, the root over them, how many are erased, the first fault."""

    checked: int
    sequenced: int
    head: str
    fault: Fault | None
    erased: int = 0


@dataclass(slots=True)
class Expected:
    """What the log must contain: roots by size (hexadecimal), values of the chain by number, and the spans that lie in archives."""

    roots: dict[int, str] = field(default_factory=dict)
    chain: dict[int, str] = field(default_factory=dict)
    archived: tuple[range, ...] = ()


class Walk:
    """One reading of the log from its first record to its last."""

    def __init__(
        self, log: AuditLog, tree: AuditTreeStore, chain_end: tuple[int, str], expected: Expected | None = None
    ) -> None:
        """Take the log, the tree, where the chain of old ended, and what must be there."""
        self._log = log
        self._expected = expected or Expected()
        self._tree = tree
        self._size = tree.size()
        self._chain_end = chain_end
        self._frontier = Frontier()
        self._chain: bytes | None = b""
        self._erased: set[int] = set()
        self._erasures = 0
        self._tile = b""
        self._next = 1
        self._checked = 0
        self._fault: Fault | None = None

    def take(self, row: Mapping[str, Any]) -> Fault | None:
        """Check the next record and everything that should have come before it."""
        seq = int(row["seq"])
        if self._absent(min(seq, self._size + 1)):
            return self._fault
        self._next = seq
        self._checked += 1
        reason = self._reason(row, seq)
        if reason is None and seq <= self._size:
            leaf = leaf_hash(bytes(row["commitment"]))
            reason = (
                self._entered(leaf) if leaf == self._leaf(seq) else "the record is not the one that was entered here"
            )
        if reason is not None:
            self._fault = Fault(seq, str(row["id"]), reason)
        self._next = seq + 1
        return self._fault

    def finish(self, root: Callable[[int], bytes]) -> None:
        """Check what is missing at the end, and the root itself."""
        if self._absent(self._size + 1):
            return
        last = max(self._expected.roots, default=0)
        if last > self._size:
            self._fault = Fault(self._size + 1, "", f"the log ends at record {self._size}; a head of it says {last}")
        elif max(self._expected.chain, default=0) > self._chain_end[0]:
            end = self._chain_end[0]
            self._fault = Fault(end + 1, "", f"the log's chain ends at record {end}; a head of it says more")
        elif self._frontier.root() != root(self._size):
            self._fault = Fault(self._size, "", "the tree's inner hashes do not fit its leaves")
        elif self._erased:
            self._fault = Fault(min(self._erased), "", "the record is erased, and no record says who erased it and why")

    def verdict(self) -> Verdict:
        """Return what the reading found."""
        return Verdict(self._checked, self._frontier.size, self._frontier.root().hex(), self._fault, self._erasures)

    def _absent(self, end: int) -> Fault | None:
        """Take the numbers up to ``end`` that have no record: nobody got them, or somebody removed what was there."""
        while self._next < end:
            leaf = self._leaf(self._next)
            reason: str | None = f"record number {self._next} is missing"
            if leaf == VOID_LEAF or (leaf and any(self._next in span for span in self._expected.archived)):
                reason = self._entered(leaf)
            if reason is not None:
                self._fault = Fault(self._next, "", reason)
                return self._fault
            self._chain = None
            self._next += 1
        return None

    def _reason(self, row: Mapping[str, Any], seq: int) -> str | None:
        if row["erased"] is not None and any(row[name] != _BLANK.get(name) for name in PERSONAL):
            return "the record is erased and yet names somebody"
        if commitment_of(row) != row["commitment"]:
            return "the record was changed: its commitment does not fit"
        # An erased record of the chain's time has a MAC over what is gone; its leaf, and who erased it, are what counts.
        if (row["erased"] is None or seq > self._size) and not self._log.is_ours(row):
            return "the record is not ours: its MAC does not fit"
        self._note_erasure(row, seq)
        return self._unchained(row, seq)

    def _note_erasure(self, row: Mapping[str, Any], seq: int) -> None:
        if row["erased"] is not None:
            self._erased.add(seq)
            self._erasures += 1
        elif self._erased and row["event"] == Event.AUDIT_ERASE:
            ranges = orjson.loads(row["detail"])["numbers"]
            self._erased = {one for one in self._erased if not any(first <= one <= last for first, last in ranges)}

    def _unchained(self, row: Mapping[str, Any], seq: int) -> str | None:
        """Compute the chain of old as far as it went; where its records lie in an archive it cannot be followed."""
        number, value = self._chain_end
        if seq > number or self._chain is None:
            return None
        self._chain = link(self._chain, seq, row)
        found = self._chain.hex()
        if self._expected.chain.get(seq, found) != found:
            return "the log differs from the checkpoint: it was rewritten"
        if seq == number and found != value:
            return "the chain of the time before the tree does not lead here: a record before was changed"
        return None

    def _entered(self, leaf: bytes) -> str | None:
        self._frontier.append(leaf)
        expected = self._expected.roots.get(self._frontier.size)
        if expected is not None and expected != self._frontier.root().hex():
            return f"the log differs from its head of size {self._frontier.size}: it was rewritten"
        return None

    def _leaf(self, seq: int) -> bytes:
        number, offset = divmod(seq - 1, TILE_WIDTH)
        if offset == 0 or not self._tile:
            self._tile = self._tree.tile(0, number)
        return self._tile[offset * HASH_BYTES : (offset + 1) * HASH_BYTES]
