"""The Merkle tree over the audit log: enters what waits, knows the root, and checks the whole log against it.

Only this module decides what a leaf holds. It reads records and never writes one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.ports.audit import AuditStore, AuditTreeStore
from idp.services.audit import PERSONAL, AuditLog, commitment_of, link
from policies import merkle
from policies.audit_commitments import VOID
from policies.merkle import HASH_BYTES, TILE_WIDTH, Frontier, Tile, leaf_hash

_BATCH: Final = 4_096
_PAGE: Final = 1_000
_VOID_LEAF: Final = leaf_hash(VOID)
_BLANK: Final = dict.fromkeys(("reason", "actor", "target"), "") | {"detail": "{}"}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record of the log that does not hold: its number, its id where it is there at all, and why."""

    position: int
    record_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification: records read, numbers that have a leaf, the root over them, and the first fault if any."""

    checked: int
    sequenced: int
    head: str
    fault: Fault | None


class AuditTree:
    """Grows, and verifies, the tree over one log."""

    def __init__(self, log: AuditLog, records: AuditStore, tree: AuditTreeStore) -> None:
        """Take the log, which knows our MAC, and the two stores."""
        self._log = log
        self._records = records
        self._tree = tree

    def sequence(self) -> int:
        """Enter all records that wait; returns how many. Safe to call from many processes: one does the work."""
        total = 0
        while done := self._tree.extend(_grown, _BATCH):
            total += done
        return total

    def size(self) -> int:
        """Return how many numbers have their leaf."""
        return self._tree.size()

    def root(self, size: int) -> bytes:
        """Return the root over the first ``size`` leaves."""
        return merkle.root(size, self.nodes())

    def nodes(self) -> merkle.Nodes:
        """Return the tree for computing proofs; each tile is read at most once."""
        return merkle.nodes_of(self._tree.tile)

    def checkpoint(self) -> dict[str, object]:
        """Return the size and the root with our MAC. Kept elsewhere, it makes a cut-off tail and a rewritten log visible."""
        size = self._tree.size()
        root = self.root(size).hex()
        return {"size": size, "root": root, "mac": self._head_mac("root", size, root)}

    def verify(self, checkpoint: Mapping[str, Any] | None = None) -> Verdict:
        """Read the whole log and check each record, each leaf and the root; stops at the first fault.

        ``checkpoint`` is an earlier one, also of the time before the tree: the log must still contain it.
        """
        walk = _Walk(self._log, self._tree, self._records.chain_end())
        if checkpoint is not None and not self._remember(walk, checkpoint):
            return Verdict(0, 0, "", Fault(0, "", "the checkpoint itself was changed"))
        for row in self._rows():
            if walk.take(row):
                return walk.verdict()
        walk.finish(self.root)
        return walk.verdict()

    def _remember(self, walk: _Walk, checkpoint: Mapping[str, Any]) -> bool:
        """Hand the walk what an earlier checkpoint saw, if it is ours; a lowered size would leave nothing to compare."""
        size = int(checkpoint["size"])
        kind = "root" if "root" in checkpoint else "head"
        value = str(checkpoint[kind])
        walk.seen[kind] = (size, value)
        return hmac.compare_digest(str(checkpoint["mac"]).encode(), self._head_mac(kind, size, value).encode())

    def _head_mac(self, kind: str, size: int, value: str) -> str:
        return self._log.sign(f"{kind}\0{size}\0{value}".encode()).hex()

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        after = 0
        while rows := self._records.after(after, _PAGE):
            yield from rows
            after = int(str(rows[-1]["seq"]))


class _Walk:
    """One reading of the log from its first record to its last."""

    def __init__(self, log: AuditLog, tree: AuditTreeStore, chain_end: tuple[int, str]) -> None:
        self._log = log
        self._tree = tree
        self._size = tree.size()
        self._chain_end = chain_end
        self._frontier = Frontier()
        self._chain = b""
        self._tile = b""
        self._next = 1
        self._checked = 0
        self._fault: Fault | None = None
        self.seen: dict[str, tuple[int, str]] = {}

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

    def finish(self, root: Any) -> None:
        """Check what is missing at the end, and the root itself."""
        if self._absent(self._size + 1):
            return
        for kind, (size, _) in self.seen.items():
            end = self._size if kind == "root" else self._chain_end[0]
            if size > end:
                self._fault = Fault(end + 1, "", f"the log ends at record {end}; the checkpoint saw {size}")
                return
        if self._frontier.root() != root(self._size):
            self._fault = Fault(self._size, "", "the tree's inner hashes do not fit its leaves")

    def verdict(self) -> Verdict:
        """Return what the reading found."""
        return Verdict(self._checked, self._frontier.size, self._frontier.root().hex(), self._fault)

    def _absent(self, end: int) -> Fault | None:
        """Take the numbers up to ``end`` that have no record: nobody got them, or somebody removed what was there."""
        while self._next < end:
            reason = f"record number {self._next} is missing"
            if self._leaf(self._next) == _VOID_LEAF:
                reason = self._entered(_VOID_LEAF) or ""
            if reason:
                self._fault = Fault(self._next, "", reason)
                return self._fault
            self._next += 1
        return None

    def _reason(self, row: Mapping[str, Any], seq: int) -> str | None:
        if row["erased"] is not None and any(row[name] != _BLANK.get(name) for name in PERSONAL):
            return "the record is erased and yet names somebody"
        if commitment_of(row) != row["commitment"]:
            return "the record was changed: its commitment does not fit"
        if not self._log.is_ours(row):
            return "the record is not ours: its MAC does not fit"
        self._chain = link(self._chain, seq, row)
        return self._compared("head", seq, self._chain.hex()) or self._unchained(seq)

    def _unchained(self, seq: int) -> str | None:
        number, value = self._chain_end
        if seq == number and self._chain.hex() != value:
            return "the chain of the time before the tree does not lead here: a record up to this one was changed"
        return None

    def _entered(self, leaf: bytes) -> str | None:
        self._frontier.append(leaf)
        return self._compared("root", self._frontier.size, self._frontier.root().hex()) if "root" in self.seen else None

    def _compared(self, kind: str, size: int, value: str) -> str | None:
        seen = self.seen.get(kind)
        if seen is not None and seen[0] == size and seen[1] != value:
            return "the log differs from the checkpoint: it was rewritten"
        return None

    def _leaf(self, seq: int) -> bytes:
        number, offset = divmod(seq - 1, TILE_WIDTH)
        if offset == 0 or not self._tile:
            self._tile = self._tree.tile(0, number)
        return self._tile[offset * HASH_BYTES : (offset + 1) * HASH_BYTES]


def _grown(size: int, entries: Sequence[bytes | None], edge: Mapping[int, bytes]) -> Sequence[Tile]:
    leaves = [_VOID_LEAF if entry is None else leaf_hash(entry) for entry in entries]
    return merkle.grow(size, leaves, edge)
