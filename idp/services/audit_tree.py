"""The Merkle tree over the audit log: enters what waits, knows the root, and checks the whole log against it.

Only this module decides what a leaf holds. It reads records and never writes one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idp.ports.audit import AuditStore, AuditTreeStore
from idp.services.audit import AuditLog
from idp.services.audit_walk import VOID_LEAF, Expected, Fault, Verdict, Walk
from policies import merkle
from policies.merkle import Tile, leaf_hash

_BATCH: Final = 4_096
_PAGE: Final = 1_000


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

    def verify(
        self,
        *checkpoints: Mapping[str, Any],
        roots: Mapping[int, bytes] | None = None,
        archived: tuple[range, ...] = (),
    ) -> Verdict:
        """Read the whole log and check each record, each leaf and the root; stops at the first fault.

        ``checkpoints`` are earlier ones, also of the time before the tree, and ``roots`` are those of signed heads by size: the log must
        still contain them all. ``archived`` are numbers that lie in files: their leaves count, the files are checked elsewhere.
        """
        expected = Expected({size: root.hex() for size, root in (roots or {}).items()}, archived=archived)
        if not all(self._remember(expected, one) for one in checkpoints):
            return Verdict(0, 0, "", Fault(0, "", "the checkpoint itself was changed, or is of another log"))
        walk = Walk(self._log, self._tree, self._records.chain_end(), expected)
        for row in self._rows():
            if walk.take(row):
                return walk.verdict()
        walk.finish(self.root)
        return walk.verdict()

    def _remember(self, expected: Expected, checkpoint: Mapping[str, Any]) -> bool:
        """Expect what an earlier checkpoint saw, if it is ours; a lowered size would leave nothing to compare."""
        size = int(checkpoint["size"])
        kind = "root" if "root" in checkpoint else "head"
        value = str(checkpoint[kind])
        before = (expected.roots if kind == "root" else expected.chain).setdefault(size, value)
        is_ours = hmac.compare_digest(str(checkpoint["mac"]).encode(), self._head_mac(kind, size, value).encode())
        return is_ours and before == value

    def _head_mac(self, kind: str, size: int, value: str) -> str:
        return self._log.sign(f"{kind}\0{size}\0{value}".encode()).hex()

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        after = 0
        while rows := self._records.after(after, _PAGE):
            yield from rows
            after = int(str(rows[-1]["seq"]))


def _grown(size: int, entries: Sequence[bytes | None], edge: Mapping[int, bytes]) -> Sequence[Tile]:
    leaves = [VOID_LEAF if entry is None else leaf_hash(entry) for entry in entries]
    return merkle.grow(size, leaves, edge)
