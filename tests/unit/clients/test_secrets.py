"""Secrets of clients: made, kept as digests, overlapping, never shown."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from clients import secrets
from clients.errors import RegistrationRefused
from clients.model import READABLE_SECRET_METHOD, Secret

OLD, NEW, NEWER = "old-" * 10, "new-" * 10, "newer" * 10
DAY = 86400


def kept(secret: str, created_at: int = 0, expires_at: int | None = None) -> Secret:
    """Return a secret as it is stored."""
    return Secret(secrets.digest(secret), created_at, expires_at)


@pytest.mark.spec("OIDC Core", "16.19")
@pytest.mark.spec("RFC 6749", "10.10")
def test_new_secrets_hold_256_bits_and_differ() -> None:
    made = {secrets.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {43}
    assert all(secrets.fault(secret) is None for secret in made)


def test_only_the_digest_is_kept_and_not_even_that_is_shown() -> None:
    stored = kept(OLD)
    assert stored.digest == hashlib.sha256(OLD.encode()).digest()
    assert OLD not in repr(stored)
    assert str(stored.digest) not in repr(stored)
    assert stored.digest.hex() not in repr(stored)


def test_either_of_two_secrets_is_right_until_the_old_one_ends() -> None:
    both = secrets.rotated((kept(OLD),), kept(NEW, 1000), 1000, DAY)
    for now, old_is_right in ((1000, True), (1000 + DAY - 1, True), (1000 + DAY, False)):
        assert secrets.is_valid(both, NEW, now)
        assert secrets.is_valid(both, OLD, now) is old_is_right


@pytest.mark.parametrize("presented", ["", "x", NEW, OLD[:-1], OLD + "-", "\ud800", "ộ" * 100])
def test_a_wrong_secret_is_wrong(presented: str) -> None:
    assert not secrets.is_valid((kept(OLD),), presented, 0)


def test_a_client_without_secrets_accepts_none() -> None:
    assert not secrets.is_valid((), OLD, 0)
    assert not secrets.is_valid((), "nobody", 0)
    assert not secrets.is_valid((), "nobody", -1_000_000)


def test_a_secret_that_makes_macs_is_kept_sealed_for_its_client_and_never_without_a_seal() -> None:
    sealed = secrets.kept_as(OLD, READABLE_SECRET_METHOD, "portal", 5, lambda clear, owner: owner + b":" + clear)
    assert sealed == replace(kept(OLD, 5), sealed=b"portal:" + OLD.encode())
    with pytest.raises(RuntimeError):
        secrets.kept_as(OLD, READABLE_SECRET_METHOD, "portal", 5, None)
    assert secrets.kept_as(OLD, "client_secret_basic", "portal", 5, None) == kept(OLD, 5)


def test_a_change_of_the_method_keeps_what_the_new_one_can_use_and_nothing_readable_without_need() -> None:
    plain, readable = kept(OLD), replace(kept(NEW), sealed=b"sealed")
    assert secrets.kept_after((plain, readable), READABLE_SECRET_METHOD) == (readable,)
    assert secrets.kept_after((plain, readable), "client_secret_post") == (plain, kept(NEW))
    assert secrets.kept_after((plain, readable), "private_key_jwt") == ()


def test_the_longest_overlap_is_ninety_days_and_a_week_where_nobody_says_otherwise() -> None:
    assert (secrets.DEFAULT_OVERLAP, secrets.MAXIMUM_OVERLAP) == (7 * DAY, 90 * DAY)
    (_, old) = secrets.rotated((kept(OLD),), kept(NEW, 1000), 1000, 90 * DAY)
    assert old.expires_at == 1000 + 90 * DAY


def test_two_changes_within_the_overlap_leave_two_secrets() -> None:
    first = secrets.rotated((kept(OLD),), kept(NEW, 1000), 1000, DAY)
    second = secrets.rotated(first, kept(NEWER, 1000), 1000, DAY)
    assert len(second) == 2
    assert [secrets.is_valid(second, one, 1000) for one in (OLD, NEW, NEWER)] == [False, True, True]


def test_an_overlap_of_zero_ends_the_old_secret_at_once() -> None:
    assert secrets.rotated((kept(OLD),), kept(NEW, 1000), 1000, 0) == (kept(NEW, 1000),)


def test_an_overlap_never_prolongs_an_end_that_was_set() -> None:
    (_, old) = secrets.rotated((kept(OLD, 0, 1500),), kept(NEW, 1000), 1000, DAY)
    assert old.expires_at == 1500


@pytest.mark.parametrize("overlap", [-1, secrets.MAXIMUM_OVERLAP + 1])
def test_an_overlap_out_of_bounds_is_refused(overlap: int) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        secrets.rotated((kept(OLD),), kept(NEW, 0), 0, overlap)
    assert [(error.field, error.reason) for error in refused.value.errors] == [("overlap", "not_seconds")]


@pytest.mark.spec("OIDC Core", "16.19")
@pytest.mark.spec("RFC 8725", "3.5")
@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("RFC 6749", "10.10")
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "weak_secret"),
        ("short", "weak_secret"),
        ("0123456789abcdef0123456789abcde", "weak_secret"),
        ("a" * 64, "weak_secret"),
        ("abcdefg" * 10, "weak_secret"),
        ("mật khẩu rất dài nhưng không phải ASCII", "weak_secret"),
        ("0123456789abcdef0123456789abcdef\n", "weak_secret"),
        ("0123456789abcdef" * 33, "weak_secret"),
        (12345, "not_text"),
        (["0123456789abcdef0123456789abcdef"], "not_text"),
        ("0123456789abcdef" * 32 + "0", "weak_secret"),
        ("0123456789abcdef0123456789abcdef", None),
        ("0123456789abcdef" * 32, None),
        ("abcdefgh" * 4, None),
    ],
)
def test_a_given_secret_must_be_hard_to_guess(given: object, reason: str | None) -> None:
    fault = secrets.fault(given)
    assert (fault.reason if fault else None) == reason
    assert fault is None or not isinstance(given, str) or not given or given not in fault.detail
