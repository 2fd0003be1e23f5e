"""Merkle trees of RFC 9162 section 2.1 (the same as RFC 6962's): hashes, tiles, proofs and their verification.

Pure: a tree is seen through a function that returns the hash of a *node*, ``(level, index)``, the root of the perfect subtree over the leaves
``[index << level, (index + 1) << level)``. Nodes are kept in *tiles* of 256 hashes, so that a proof reads a handful of rows however long
the log is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
TILE_LEVELS: Final = 8
TILE_WIDTH: Final = 1 << TILE_LEVELS
EMPTY_ROOT: Final = sha256(b"").digest()

Node = tuple[int, int]
Nodes = Callable[[int, int], bytes]
"""The hash of a node, by level and index; only asked for nodes whose leaves are all in the tree."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of sibling hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
    return level[0]


def root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree with the first ``size`` leaves."""
    return _range(0, size, nodes) if size else EMPTY_ROOT


def cover(first: int, end: int) -> list[Node]:
    """Return the largest perfect subtrees that together hold the leaves ``[first, end)``, from left to right."""
    found = []
    while first < end:
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        found.append((level, first >> level))
        first += 1 << level
    return found


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that leaf ``index`` is in the tree of ``size`` leaves (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size:
        message = "no such leaf in a tree of this size"
        raise ValueError(message)
    proof, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(_range(middle, end, nodes))
            end = middle
        else:
            proof.append(_range(first, middle, nodes))
            first = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of ``new`` leaves begins with the tree of ``old`` leaves (RFC 9162 section 2.1.4.1)."""
    if not 0 < old <= new:
        message = "a proof leads from a tree with leaves to one that is at least as large"
        raise ValueError(message)
    proof: list[bytes] = []
    first, end, is_whole = 0, new, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            proof.append(_range(middle, end, nodes))
            end = middle
        else:
            proof.append(_range(first, middle, nodes))
            first, is_whole = middle, False
    if not is_whole:
        proof.append(_range(first, end, nodes))
    return proof[::-1]


def is_included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes) -> bool:
    """Tell whether ``proof`` shows ``leaf`` at ``index`` of the tree ``expected`` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == expected


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether ``proof`` shows that the tree ``new_root`` begins with ``old_root`` (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


class Frontier:
    """The right edge of a growing tree: takes whole subtrees from left to right and knows the root; O(log n) memory."""

    def __init__(self) -> None:
        """Start with no leaf."""
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []

    def append(self, value: bytes, level: int = 0) -> None:
        """Add the root of the next ``1 << level`` leaves; raises ``ValueError`` where a subtree of that size cannot begin."""
        if self.size & ((1 << level) - 1):
            message = "a subtree begins at a multiple of its size"
            raise ValueError(message)
        self.size += 1 << level
        while self._stack and self._stack[-1][0] == level:
            value, level = node_hash(self._stack.pop()[1], value), level + 1
        self._stack.append((level, value))

    def root(self) -> bytes:
        """Return the root over everything so far."""
        if not self._stack:
            return EMPTY_ROOT
        found = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            found = node_hash(left, found)
        return found


@dataclass(frozen=True, slots=True)
class Tile:
    """Up to 256 neighbouring hashes of every eighth level: ``number`` 2 of ``level`` 1 holds the nodes 512... of tree level 8."""

    level: int
    number: int
    hashes: bytes


def grow(size: int, leaves: Iterable[bytes], edge: Mapping[int, bytes]) -> list[Tile]:
    """Return the tiles that change when leaf hashes are appended to a tree of ``size`` leaves.

    ``edge`` holds the hashes of the last tile of each level where that tile is not full.
    """
    level, fresh, changed = 0, list(leaves), []
    while fresh:
        number, kept = divmod(size, TILE_WIDTH)
        held = edge.get(level, b"") if kept else b""
        if len(held) != kept * HASH_BYTES:
            message = f"the last tile of level {level} does not fit a tree of this size"
            raise ValueError(message)
        row = [held[at : at + HASH_BYTES] for at in range(0, len(held), HASH_BYTES)] + fresh
        fresh = []
        for at in range(0, len(row), TILE_WIDTH):
            part = row[at : at + TILE_WIDTH]
            changed.append(Tile(level, number + at // TILE_WIDTH, b"".join(part)))
            if len(part) == TILE_WIDTH:
                fresh.append(fold(part))
        size, level = number, level + 1
    return changed


def nodes_of(tile: Callable[[int, int], bytes]) -> Nodes:
    """Return the nodes of a tree whose tiles ``tile(level, number)`` reads; each tile is read once."""
    seen: dict[Node, bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, TILE_LEVELS)
        number, offset = divmod(index << above, TILE_WIDTH)
        if (tile_level, number) not in seen:
            seen[tile_level, number] = tile(tile_level, number)
        held = seen[tile_level, number]
        end = offset + (1 << above)
        if len(held) < end * HASH_BYTES:
            message = f"tile {tile_level}/{number} is missing or too short"
            raise LookupError(message)
        return fold([held[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(offset, end)])

    return node


def _split(width: int) -> int:
    """Return the largest power of two below ``width``."""
    return 1 << (width - 1).bit_length() - 1


def _range(first: int, end: int, nodes: Nodes) -> bytes:
    """Return the root over the leaves ``[first, end)``, where ``first`` is a multiple of a power of two not below their number."""
    parts = [nodes(level, index) for level, index in cover(first, end)]
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found
