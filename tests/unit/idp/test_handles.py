"""Ids in the order of their making, secrets that nobody guesses."""

from __future__ import annotations

import hashlib
import re
import time

import pytest

from idp import handles


def test_id_is_26_characters_without_lookalikes() -> None:
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", handles.new_id()) for _ in range(1000))


def test_ids_are_never_the_same() -> None:
    assert len({handles.new_id() for _ in range(20_000)}) == 20_000


def test_ids_sort_by_the_moment_of_their_making(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for millisecond in (0, 1, 31, 32, 1024, 1_800_000_000_000, 1_800_000_000_001, 2**48 - 1):
        monkeypatch.setattr("idp.handles.time.time_ns", lambda now=millisecond: now * 1_000_000)
        made.append(handles.new_id())
    assert made == sorted(made)


def test_id_is_a_uuid_of_version_7() -> None:
    value = 0
    for character in handles.new_id():
        value = value << 5 | "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    assert value < 2**128
    assert (value >> 76 & 0xF, value >> 62 & 0x3) == (7, 2)


@pytest.mark.spec("RFC 6749", "10.10")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
def test_secret_carries_256_bits() -> None:
    made = {handles.new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_digest_is_sha_256_of_the_text() -> None:
    assert handles.digest("bí mật") == hashlib.sha256("bí mật".encode()).digest()


@pytest.mark.parametrize("secret", ["", "x", "Đ" * 1000, "\ud800"])
def test_whatever_a_cookie_holds_has_a_digest(secret: str) -> None:
    assert len(handles.digest(secret)) == 32


def test_case_code_can_be_read_over_a_telephone() -> None:
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{8}", handles.new_case_code()) for _ in range(1000))


def test_ids_made_one_after_another_within_a_millisecond_are_in_order() -> None:
    made = []
    for _ in range(2000):
        made.append(handles.new_id())
        until = time.time_ns() + 1000
        while time.time_ns() < until:
            pass
    assert made == sorted(set(made))
