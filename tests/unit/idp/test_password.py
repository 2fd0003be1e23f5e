"""Passwords: hashing in a bounded pool, rules for new ones, hashes that came from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import threading
import unicodedata

import bcrypt
import pytest
from argon2 import PasswordHasher

from idp.authn import password as passwords
from idp.authn.legacy_hashes import check_hash
from idp.authn.password import Passwords
from idp.errors import Busy, InvalidInput
from policies.passwords import Personal

RAW = "Mật khẩu của tôi 01"


@pytest.fixture(scope="module")
def hasher() -> Passwords:
    return Passwords(slots=2, queue=4)


@pytest.fixture(scope="module")
def stored(hasher: Passwords) -> str:
    return hasher.hash(RAW)


def django(raw: str, rounds: int = 1000) -> str:
    made = hashlib.pbkdf2_hmac("sha256", raw.encode(), b"saltsalt", rounds)
    return f"pbkdf2_sha256${rounds}$saltsalt${base64.b64encode(made).decode()}"


def passlib(raw: str, name: str = "sha512", rounds: int = 1000) -> str:
    def adapted(data: bytes) -> str:
        return base64.b64encode(data).decode().rstrip("=").replace("+", ".")

    salt = b"\xfb\xffsaltsalt"
    made = hashlib.pbkdf2_hmac(name, raw.encode(), salt, rounds)
    return f"$pbkdf2-{name}${rounds}${adapted(salt)}${adapted(made)}"


def bcrypted(raw: str) -> str:
    return bcrypt.hashpw(raw.encode(), bcrypt.gensalt(4)).decode()


def test_the_cost_is_what_the_issue_asks(stored: str) -> None:
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_right_password_verifies_in_any_normal_form(hasher: Passwords, stored: str) -> None:
    assert hasher.verify(stored, RAW)
    assert hasher.verify(stored, unicodedata.normalize("NFD", RAW))
    assert hasher.verify(stored, RAW.replace(" ", "\u00a0"))


@pytest.mark.parametrize("raw", ["", RAW.upper(), RAW + " ", "x" * 257, "\ud800", "\x00"])
def test_another_password_does_not(hasher: Passwords, stored: str, raw: str) -> None:
    assert not hasher.verify(stored, raw)


def test_an_over_long_password_never_verifies_even_against_a_hash_of_nothing(hasher: Passwords) -> None:
    assert not hasher.verify(bcrypted(""), "x" * 257)


def test_an_unknown_account_costs_a_verification_and_fails(hasher: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = PasswordHasher.verify

    def spy(self: PasswordHasher, known: str, raw: bytes) -> bool:
        seen.append(known)
        return real(self, known, raw)

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    assert not hasher.verify(None, RAW)
    assert not hasher.verify(None, "no account has this password")
    assert [known.split("$")[3] for known in seen] == ["m=19456,t=2,p=1"] * 2


def test_beyond_the_queue_the_pool_says_busy_at_once() -> None:
    pool, started, go = Passwords(slots=1, queue=1), threading.Barrier(2), threading.Event()

    def work() -> bool:
        started.wait()
        return go.wait(60)

    running = threading.Thread(target=lambda: pool._bounded(work))
    waiting = threading.Thread(target=lambda: pool._bounded(lambda: True))
    running.start()
    started.wait()
    waiting.start()
    while pool._places._value:
        pass
    with pytest.raises(Busy) as caught:
        pool.hash(RAW)
    go.set()
    running.join()
    waiting.join()
    assert caught.value.retry_after > 0
    assert pool.hash(RAW)


def test_places_come_back_after_an_error() -> None:
    pool = Passwords(slots=1, queue=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            pool._bounded(lambda: 1 // 0)
    assert pool.verify(pool.hash(RAW), RAW)


@pytest.mark.parametrize("make", [django, passlib, bcrypted, lambda raw: passlib(raw, "sha256")])
def test_foreign_hashes_verify_and_want_an_upgrade(hasher: Passwords, make: object) -> None:
    stored = make(RAW)  # type: ignore[operator]
    assert check_hash(stored) == stored
    assert hasher.verify(stored, RAW)
    assert not hasher.verify(stored, RAW + "!")
    assert hasher.needs_upgrade(stored)


def test_a_weaker_argon2id_wants_an_upgrade_and_ours_does_not(hasher: Passwords, stored: str) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(RAW)
    assert check_hash(weak) == weak
    assert hasher.verify(weak, RAW)
    assert hasher.needs_upgrade(weak)
    assert not hasher.needs_upgrade(stored)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        RAW,
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2id$v=19$m=19456,t=99,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$2b$31$" + "a" * 53,
        "$2b$04$short",
        django(RAW).replace("$1000$", "$9000000$"),
        django(RAW)[:-4],
        django(RAW) + "\n",
    ],
)
def test_hashes_that_cannot_be_verified_within_bounds_are_refused(stored: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_hash(stored)
    assert caught.value.field == "password_hash"


@pytest.mark.parametrize("stored", ["$2b$04$short", "pbkdf2_sha256$x", "$pbkdf2-sha256$1$a$b", "junk"])
def test_a_damaged_stored_hash_is_a_wrong_password(hasher: Passwords, stored: str) -> None:
    assert not hasher.verify(stored, RAW)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("ngắn", "password_length"),
        ("x" * 257, "password_length"),
        ("MatKhau123", "password_common"),
        ("aaaabbbb", "password_common"),
        ("mật\tkhẩu dài", "password_characters"),
        ("xin chào 049499000001", "password_contains_code"),
    ],
)
def test_new_passwords_have_rules(raw: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        passwords.check_new(raw, Personal(("049499000001", "")))
    assert (caught.value.field, caught.value.code) == ("password", reason)


def test_a_long_sentence_is_a_fine_password() -> None:
    passwords.check_new("một câu dài mà tôi nhớ", Personal(("049499000001",)))


@pytest.mark.parametrize("length", [8, 64, 256])
def test_passwords_of_any_length_up_to_the_longest_are_fine(length: int) -> None:
    passwords.check_new(("ắqz9 " * 52)[:length], Personal(("049499000001",)))
