"""Merkle trees: the vectors of RFC 6962's reference implementation, and proofs of every small tree."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import merkle
from policies.merkle import Frontier, Nodes

ENTRIES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""Leaves of the test tree of the Certificate Transparency project (RFC 6962)."""

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree(entries: list[bytes]) -> Nodes:
    """Return a tree's nodes, computed by the recursion of the RFC."""

    def node(level: int, index: int) -> bytes:
        if level == 0:
            return merkle.leaf_hash(entries[index])
        return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def by_definition(entries: list[bytes]) -> bytes:
    """Return MTH(D[n]) word by word (RFC 9162 section 2.1.1)."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return merkle.leaf_hash(entries[0])
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return merkle.node_hash(by_definition(entries[:k]), by_definition(entries[k:]))


def named(count: int) -> list[bytes]:
    """Return entries that differ."""
    return [str(number).encode() for number in range(count)]


@pytest.mark.spec("RFC 9162", "2.1.1")
@pytest.mark.parametrize("size", range(1, 9))
def test_root_is_that_of_the_reference_tree(size: int) -> None:
    assert merkle.root(size, tree(ENTRIES)).hex() == ROOTS[size - 1]


@pytest.mark.spec("RFC 9162", "2.1.1")
def test_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root(0, tree([])).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


PATHS = [
    (0, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (5, 8, ["bc1a0643", "ca854ea1", "d37ee418"]),
    (2, 3, ["fac54203"]),
    (1, 5, ["6e340b9c", "5f083f0a", "bc1a0643"]),
]


@pytest.mark.spec("RFC 9162", "2.1.3.1")
@pytest.mark.parametrize(("index", "size", "expected"), PATHS)
def test_inclusion_proof_is_that_of_the_reference_tree(index: int, size: int, expected: list[str]) -> None:
    proof = merkle.inclusion_proof(index, size, tree(ENTRIES))
    assert [part.hex()[:8] for part in proof] == expected


CHAINS = [
    (1, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (6, 8, ["0ebc5d34", "ca854ea1", "d37ee418"]),
    (2, 5, ["5f083f0a", "bc1a0643"]),
]


@pytest.mark.spec("RFC 9162", "2.1.4.1")
@pytest.mark.parametrize(("old", "new", "expected"), CHAINS)
def test_consistency_proof_is_that_of_the_reference_tree(old: int, new: int, expected: list[str]) -> None:
    proof = merkle.consistency_proof(old, new, tree(ENTRIES))
    assert [part.hex()[:8] for part in proof] == expected


@pytest.mark.spec("RFC 9162", "2.1.3.2")
@given(st.integers(1, 70), st.data())
def test_every_leaf_is_proved_and_no_other(size: int, data: st.DataObject) -> None:
    entries = named(size)
    nodes, root = tree(entries), by_definition(entries)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, nodes)
    leaf = merkle.leaf_hash(entries[index])
    assert len(proof) <= size.bit_length()
    assert merkle.is_included(index, size, leaf, proof, root)
    assert not merkle.is_included(index, size, merkle.leaf_hash(b"other"), proof, root)
    assert not merkle.is_included(index, size, leaf, [*proof, root], root)
    assert not merkle.is_included(size, size, leaf, proof, root)
    if size > 1:
        assert not merkle.is_included((index + 1) % size, size, leaf, proof, root)
        assert not merkle.is_included(index, size, leaf, proof[:-1], root)


@pytest.mark.spec("RFC 9162", "2.1.4.2")
@given(st.integers(1, 70), st.integers(0, 70), st.data())
def test_every_growth_is_proved_and_no_rewriting(old: int, more: int, data: st.DataObject) -> None:
    entries = named(old + more)
    new, nodes = old + more, tree(entries)
    before, after = by_definition(entries[:old]), by_definition(entries)
    proof = merkle.consistency_proof(old, new, nodes)
    assert merkle.is_consistent(old, new, before, after, proof)
    forged = list(entries)
    forged[data.draw(st.integers(0, old - 1))] = b"forged"
    fork = merkle.consistency_proof(old, new, tree(forged))
    assert not merkle.is_consistent(old, new, before, by_definition(forged), fork)
    assert not merkle.is_consistent(old, new, before, by_definition(forged), proof)
    assert not merkle.is_consistent(old, new, before, after, [*proof, after])
    if proof:
        assert not merkle.is_consistent(old, new, before, after, proof[:-1])
        assert not merkle.is_consistent(old, new, before, after, [])


def test_empty_tree_is_the_beginning_of_every_tree() -> None:
    assert merkle.is_consistent(0, 8, merkle.EMPTY_ROOT, bytes.fromhex(ROOTS[7]), [])
    assert not merkle.is_consistent(0, 8, b"x" * 32, bytes.fromhex(ROOTS[7]), [])
    assert not merkle.is_consistent(8, 7, bytes.fromhex(ROOTS[7]), bytes.fromhex(ROOTS[6]), [])


@given(st.integers(0, 300), st.integers(0, 300))
def test_subtrees_cover_a_range_once(first: int, width: int) -> None:
    leaves = [
        leaf
        for level, index in merkle.cover(first, first + width)
        for leaf in range(index << level, index + 1 << level)
    ]
    assert leaves == list(range(first, first + width))


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_frontier_takes_leaves_and_whole_subtrees(before: int, between: int, after: int) -> None:
    entries = named(before + between + after)
    nodes, frontier = tree(entries), Frontier()
    for level, index in merkle.cover(0, before):
        frontier.append(nodes(level, index), level)
    for entry in entries[before : before + between]:
        frontier.append(merkle.leaf_hash(entry))
    for level, index in merkle.cover(before + between, len(entries)):
        frontier.append(nodes(level, index), level)
    assert (frontier.size, frontier.root()) == (len(entries), by_definition(entries))


def test_frontier_refuses_a_subtree_out_of_place() -> None:
    frontier = Frontier()
    frontier.append(b"x" * 32)
    with pytest.raises(ValueError, match="multiple"):
        frontier.append(b"y" * 32, 1)


@pytest.mark.parametrize("steps", [[1], [255, 1, 1], [256], [300, 212, 5], [1000, 65_000, 600], [65_536, 1]])
def test_tiles_grow_to_the_same_tree_whatever_the_steps(steps: list[int]) -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    frontier, size, reads = Frontier(), 0, 0

    def tile(level: int, number: int) -> bytes:
        nonlocal reads
        reads += 1
        return tiles.get((level, number), b"")

    for step in steps:
        leaves = [merkle.leaf_hash(str(number).encode()) for number in range(size, size + step)]
        edge = {level: tiles.get((level, size >> 8 * (level + 1)), b"") for level in range(4)}
        for one in merkle.grow(size, leaves, edge):
            assert one.hashes.startswith(tiles.get((one.level, one.number), b""))
            tiles[one.level, one.number] = one.hashes
        size += step
        for leaf in leaves:
            frontier.append(leaf)
        assert merkle.root(size, merkle.nodes_of(tile)) == frontier.root()
    reads = 0
    index = size // 3
    proof = merkle.inclusion_proof(index, size, merkle.nodes_of(tile))
    assert merkle.is_included(index, size, merkle.leaf_hash(str(index).encode()), proof, frontier.root())
    assert reads <= 6


def test_tile_that_is_too_short_is_an_error_and_no_wrong_hash() -> None:
    with pytest.raises(LookupError):
        merkle.root(3, merkle.nodes_of(lambda _level, _number: b"x" * 64))
    with pytest.raises(ValueError, match="does not fit"):
        merkle.grow(3, [b"x" * 32], {0: b"x" * 32})
