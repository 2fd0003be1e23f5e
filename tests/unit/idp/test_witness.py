"""A witness signs what follows from what it signed before, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from idp.cli.audit_witness import StateFile
from idp.services.witness import Seen, Witness, WitnessRefused
from keys.log_heads import COSIGNATURE, Head, read_head, sign_head, signers_of
from keys.log_keys import LogSigner, read_keys
from policies import merkle
from policies.merkle import EMPTY_ROOT

ORIGIN = "https://id.example.vn"
LOG, OTHER, OWN = LogSigner.generate("ES256"), LogSigner.generate("ES256"), LogSigner.generate("EdDSA")


class Remembered:
    """A memory that can be looked into."""

    def __init__(self) -> None:
        self.seen = Seen(0, EMPTY_ROOT)

    def last(self) -> Seen:
        return self.seen

    def keep(self, seen: Seen) -> None:
        self.seen = seen


@pytest.fixture
def memory() -> Remembered:
    return Remembered()


@pytest.fixture
def witness(memory: Remembered) -> Witness:
    return Witness(ORIGIN, read_keys({"keys": [LOG.public_jwk]}), OWN, memory, lambda: 1_700_000_000)


def nodes(entries: list[bytes]) -> merkle.Nodes:
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return merkle.leaf_hash(entries[index])
        return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def log(size: int, *, fork_at: int | None = None) -> list[bytes]:
    return [b"forged" if number == fork_at else str(number).encode() for number in range(size)]


def asked(old: int, entries: list[bytes], signer: LogSigner = LOG, origin: str = ORIGIN) -> dict[str, Any]:
    size, tree = len(entries), nodes(entries)
    head = sign_head(origin, size, merkle.root(size, tree), 1_700_000_000, (signer,))
    proof = merkle.consistency_proof(old, size, tree) if 0 < old <= size else []
    return {"old": old, "proof": [one.hex() for one in proof], "head": head.document()}


def refusal(witness: Witness, request: Any) -> WitnessRefused:
    with pytest.raises(WitnessRefused) as caught:
        witness.add_head(request)
    return caught.value


def test_growing_log_is_signed_again_and_again(witness: Witness, memory: Remembered) -> None:
    old = 0
    for size in (3, 3, 8, 100):
        request = asked(old, log(size))
        signature = witness.add_head(request)
        head = read_head({**request["head"], "signatures": [signature]})
        assert signers_of(head, read_keys({"keys": [OWN.public_jwk]}), COSIGNATURE) == {OWN.kid}
        assert memory.seen == Seen(size, head.root)
        old = size


def test_fork_is_not_signed_and_does_not_change_what_is_remembered(witness: Witness, memory: Remembered) -> None:
    witness.add_head(asked(0, log(5)))
    before = memory.seen
    for request in (asked(5, log(9, fork_at=2)), asked(5, log(5, fork_at=2)), {**asked(5, log(9)), "proof": []}):
        assert refusal(witness, request).status in {409, 422}
    assert memory.seen == before
    witness.add_head(asked(5, log(9)))


def test_log_that_shrank_is_not_signed(witness: Witness, memory: Remembered) -> None:
    witness.add_head(asked(0, log(5)))
    assert refusal(witness, asked(5, log(4))).status == 400
    assert refusal(witness, asked(4, log(4))).status == 409
    assert memory.seen.size == 5


def test_log_that_does_not_know_what_was_signed_is_told_the_size(witness: Witness) -> None:
    witness.add_head(asked(0, log(5)))
    refused = refusal(witness, asked(0, log(9)))
    assert (refused.status, refused.size) == (409, 5)


def test_stranger_is_refused(witness: Witness, memory: Remembered) -> None:
    assert refusal(witness, asked(0, log(5), signer=OTHER)).status == 403
    assert refusal(witness, asked(0, log(5), origin="https://other")).status == 404
    assert memory.seen.size == 0


def head_of(entries: list[bytes]) -> Head:
    return read_head(asked(0, entries)["head"])


MALFORMED: list[Any] = [
    None,
    [],
    {},
    {"old": 0, "proof": [], "head": {}},
    {**asked(0, log(3)), "old": -1},
    {**asked(0, log(3)), "old": True},
    {**asked(0, log(3)), "old": "0"},
    {**asked(0, log(3)), "proof": "x"},
    {**asked(0, log(3)), "proof": ["00"]},
    {**asked(0, log(3)), "proof": ["00" * 32] * 65},
]


@pytest.mark.parametrize("request_", MALFORMED)
def test_malformed_request_is_refused_and_no_crash(witness: Witness, memory: Remembered, request_: Any) -> None:
    assert refusal(witness, request_).status == 400
    assert memory.seen.size == 0


def test_of_many_forks_at_once_one_is_signed(witness: Witness) -> None:
    requests = [asked(0, log(9, fork_at=number)) for number in range(8)]

    def act(request: Any) -> bool:
        try:
            witness.add_head(request)
        except WitnessRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(act, requests)) == 1


def test_memory_in_a_file_outlives_the_process_and_is_never_silently_empty(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    assert StateFile(path).last() == Seen(0, EMPTY_ROOT)
    StateFile(path).keep(Seen(7, b"r" * 32))
    assert StateFile(path).last() == Seen(7, b"r" * 32)
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="line 1"):
        StateFile(path).last()
