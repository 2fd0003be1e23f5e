"""Sealing, data keys and the blind index."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import MasterKeyMismatch, SealBroken
from keys.sealing import BlindIndex, DataKey, MasterKey, Sealer, derive

MASTER = MasterKey(bytes(range(32)))
DATA_KEY = DataKey("profile", b"\x01" * 32)
SEALER = Sealer([DATA_KEY])
CODES = DataKey("codes", b"\x02" * 32)


@given(plaintext=st.binary(max_size=500), aad=st.binary(max_size=64))
def test_what_was_sealed_opens_to_the_same_bytes(plaintext: bytes, aad: bytes) -> None:
    sealed = SEALER.seal(plaintext, aad)
    assert SEALER.open(sealed, aad) == plaintext
    assert len(sealed) == len(plaintext) + 33


def test_sealing_twice_gives_different_bytes() -> None:
    assert SEALER.seal(b"x", b"") != SEALER.seal(b"x", b"")


def test_every_changed_bit_breaks_the_seal_with_the_same_error() -> None:
    sealed = SEALER.seal(b"049499000001", b"account-1")
    messages = set()
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken) as caught:
            SEALER.open(bytes(changed), b"account-1")
        messages.add(str(caught.value))
        assert caught.value.__cause__ is None
    assert len(messages) == 1


@pytest.mark.parametrize("length", [0, 1, 5, 17, 32])
def test_a_truncated_value_is_broken(length: int) -> None:
    with pytest.raises(SealBroken):
        SEALER.open(SEALER.seal(b"x", b"")[:length], b"")


def test_a_value_moved_to_another_row_does_not_open() -> None:
    sealed = SEALER.seal(b"x", b"account-1")
    with pytest.raises(SealBroken):
        SEALER.open(sealed, b"account-2")


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens() -> None:
    newer = DataKey("profile", b"\x03" * 32)
    rotated = Sealer([DATA_KEY, newer])
    old = SEALER.seal(b"old", b"a")
    assert rotated.open(old, b"a") == b"old"
    assert not rotated.is_current(old)
    new = rotated.seal(b"new", b"a")
    assert rotated.is_current(new)
    with pytest.raises(SealBroken):
        SEALER.open(new, b"a")


def test_a_sealer_refuses_no_keys_mixed_purposes_and_doubled_keys() -> None:
    for data_keys in ([], [DATA_KEY, CODES], [DATA_KEY, DATA_KEY]):
        with pytest.raises(ValueError, match=r"."):
            Sealer(data_keys)


def test_a_wrapped_data_key_unwraps_to_the_same_key() -> None:
    wrapped = MASTER.new_data_key("profile")
    once, twice = MASTER.unwrap(wrapped, "profile"), MASTER.unwrap(wrapped, "profile")
    assert once.id == twice.id
    assert Sealer([once]).open(Sealer([twice]).seal(b"x", b""), b"") == b"x"


def test_data_keys_are_random_for_each_deployment_and_purpose() -> None:
    assert MASTER.unwrap(MASTER.new_data_key("a"), "a").id != MASTER.unwrap(MASTER.new_data_key("a"), "a").id


def test_a_data_key_of_another_master_key_names_the_mismatch() -> None:
    wrapped = MASTER.new_data_key("profile")
    other = MasterKey(b"\x09" * 32)
    with pytest.raises(MasterKeyMismatch) as caught:
        other.unwrap(wrapped, "profile")
    assert MASTER.id.hex() in caught.value.reason
    assert other.id.hex() in caught.value.reason


def _flip(wrapped: bytes) -> bytes:
    return wrapped[:-1] + bytes([wrapped[-1] ^ 1])


@pytest.mark.parametrize("damage", [_flip, lambda w: w[:-1], lambda w: b"\x02" + w[1:], lambda _: b""])
def test_a_damaged_data_key_is_broken(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SealBroken):
        MASTER.unwrap(damage(MASTER.new_data_key("profile")), "profile")


def test_a_data_key_unwraps_for_its_own_purpose_only() -> None:
    with pytest.raises(SealBroken):
        MASTER.unwrap(MASTER.new_data_key("profile"), "codes")


def test_a_master_key_is_replaced_by_rewrapping_without_touching_sealed_values() -> None:
    successor = MasterKey(b"\x0a" * 32)
    wrapped = MASTER.new_data_key("profile")
    sealed = Sealer([MASTER.unwrap(wrapped, "profile")]).seal(b"x", b"")
    moved = MASTER.rewrap(wrapped, "profile", successor)
    assert Sealer([successor.unwrap(moved, "profile")]).open(sealed, b"") == b"x"


def test_secrets_do_not_show_in_a_representation() -> None:
    assert "01010101" not in repr(DATA_KEY)
    assert bytes(range(32)).hex() not in repr(MASTER)
    assert not hasattr(MASTER, "__dict__")


@pytest.mark.parametrize("make", [lambda: MasterKey(b"short"), lambda: DataKey("x", b"\x00" * 31)])
def test_a_key_of_another_length_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make()


@pytest.mark.spec("RFC 5869", "2")
def test_derivation_is_extract_and_expand_with_our_context() -> None:
    extracted = hmac.digest(b"\x00" * 32, b"\x01" * 32, "sha256")
    assert derive(b"\x01" * 32, "p") == hmac.digest(extracted, b"dinhdanh/keys/1/p\x01", hashlib.sha256)
    assert derive(b"\x01" * 32, "p") != derive(b"\x01" * 32, "q")


def test_the_blind_index_is_the_same_for_the_same_parts() -> None:
    index = BlindIndex(CODES, "identity-code")
    assert index.digest("cccd", "049499000001") == BlindIndex(CODES, "identity-code").digest("cccd", "049499000001")
    assert len(index.digest("x")) == 32


def test_the_blind_index_differs_by_key_and_by_domain() -> None:
    digests = {
        BlindIndex(CODES, "a").digest("x"),
        BlindIndex(CODES, "b").digest("x"),
        BlindIndex(DataKey("codes", b"\x04" * 32), "a").digest("x"),
    }
    assert len(digests) == 3


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_the_blind_index_never_confuses_two_splittings(left: list[str], right: list[str]) -> None:
    index = BlindIndex(CODES, "identity-code")
    assert (index.digest(*left) == index.digest(*right)) == (left == right)
