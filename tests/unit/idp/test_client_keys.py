"""Keys of clients: what is fetched, how long it is believed, and how seldom a stranger can make us ask."""

from __future__ import annotations

from typing import Any

import pytest

from clients.metadata import parse
from clients.model import Client
from idp.ports.fetcher import Fetched
from idp.protocol.client_keys import (
    DEFAULT_AGE,
    LEAST_AGE,
    LONGEST_AGE,
    PAUSE,
    STALE_AGE,
    ClientKeys,
    KeysUnavailable,
    lifetime,
)
from keys import errors
from keys.verifier import Expectation
from tests.support.client_keys import ClientKey, PublishedKeys, key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.memory_clients import department

URI = "https://portal.example.vn/jwks"
EXPECTED = Expectation(typs=frozenset({""}))


@pytest.fixture
def key() -> ClientKey:
    return new_key()


@pytest.fixture
def published(key: ClientKey) -> PublishedKeys:
    return PublishedKeys(key)


@pytest.fixture
def keys(published: PublishedKeys, clock: FrozenClock) -> ClientKeys:
    return ClientKeys(published, clock)


def client_with(**metadata: Any) -> Client:
    values = parse(department(**metadata)).values
    return Client(client_id="portal", sector_id="sec_1", **values)


BY_URI = client_with(jwks_uri=URI)


def signed(key: ClientKey, clock: FrozenClock, **header: Any) -> str:
    return key.sign({"exp": clock.now() + 10_000}, **header)


def test_registered_keys_are_used_without_any_fetch(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock
) -> None:
    client = client_with(jwks=key_set(key))
    for _ in range(2):
        assert keys.verify(client, signed(key, clock), EXPECTED).kid == "k1"
    with pytest.raises(errors.UnknownKey):
        keys.verify(client, signed(new_key("k2"), clock), EXPECTED)
    assert published.asked == []


def test_replaced_registered_keys_count_at_once(keys: ClientKeys, key: ClientKey, clock: FrozenClock) -> None:
    keys.verify(client_with(jwks=key_set(key)), signed(key, clock), EXPECTED)
    changed = client_with(jwks=key_set(new_key("k2")))
    with pytest.raises(errors.UnknownKey):
        keys.verify(changed, signed(key, clock), EXPECTED)


def test_client_without_keys_verifies_nothing(keys: ClientKeys, key: ClientKey, clock: FrozenClock) -> None:
    with pytest.raises(errors.UnknownKey):
        keys.verify(client_with(), signed(key, clock), EXPECTED)


def test_fetched_set_is_kept_for_its_lifetime(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock
) -> None:
    for _ in range(3):
        keys.verify(BY_URI, signed(key, clock), EXPECTED)
    clock.advance(DEFAULT_AGE - 1)
    keys.verify(BY_URI, signed(key, clock), EXPECTED)
    assert published.asked == [URI]
    clock.advance(1)
    keys.verify(BY_URI, signed(key, clock), EXPECTED)
    assert published.asked == [URI] * 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", DEFAULT_AGE),
        ("public", DEFAULT_AGE),
        ("max-age=600", 600),
        ("public, Max-Age=600", 600),
        ('max-age="600"', 600),
        ("s-max-age=600", DEFAULT_AGE),
        ("max-age=0", LEAST_AGE),
        ("max-age=9999999999", LONGEST_AGE),
        ("no-store", LEAST_AGE),
        ("no-cache, max-age=600", LEAST_AGE),
        ("max-age=x", DEFAULT_AGE),
    ],
)
def test_lifetime_is_what_the_answer_says_within_bounds(text: str, seconds: int) -> None:
    assert lifetime(text) == seconds


@pytest.mark.spec("OIDC Core", "10.1.1")
@pytest.mark.parametrize("kid", ["k2", "k1", None])
def test_rotation_at_the_address_is_picked_up_at_once(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock, kid: str | None
) -> None:
    keys.verify(BY_URI, signed(key, clock), EXPECTED)
    fresh = new_key(kid)
    published.publish(fresh)
    keys.verify(BY_URI, signed(fresh, clock), EXPECTED)
    with pytest.raises(errors.TokenError):
        keys.verify(BY_URI, signed(key, clock), EXPECTED)
    assert len(published.asked) == 2


def test_strangers_keys_make_us_look_once_in_a_pause(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock
) -> None:
    keys.verify(BY_URI, signed(key, clock), EXPECTED)
    for number in range(20):
        with pytest.raises(errors.UnknownKey):
            keys.verify(BY_URI, signed(new_key(f"x{number}"), clock), EXPECTED)
    assert len(published.asked) == 2
    clock.advance(PAUSE)
    with pytest.raises(errors.UnknownKey):
        keys.verify(BY_URI, signed(new_key("x"), clock), EXPECTED)
    assert len(published.asked) == 3


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "alg none", "HS256", "typ", "jwk", "jku", "x5u", "crit"])
def test_what_is_wrong_by_its_form_is_refused_before_anything_is_fetched(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock, token: str
) -> None:
    headers: dict[str, dict[str, Any]] = {
        "alg none": {"alg": "none"},
        "HS256": {"alg": "HS256"},
        "typ": {"typ": "at+jwt"},
        "jwk": {"jwk": key.jwk},
        "jku": {"jku": URI},
        "x5u": {"x5u": URI},
        "crit": {"crit": ["exp"]},
    }
    with pytest.raises(errors.TokenError):
        keys.verify(BY_URI, signed(key, clock, **headers[token]) if token in headers else token, EXPECTED)
    assert published.asked == []


def test_address_that_fails_is_left_alone_for_a_pause(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock
) -> None:
    published.is_down = True
    for _ in range(5):
        with pytest.raises(KeysUnavailable):
            keys.verify(BY_URI, signed(key, clock), EXPECTED)
    assert len(published.asked) == 1
    published.is_down = False
    clock.advance(PAUSE)
    assert keys.verify(BY_URI, signed(key, clock), EXPECTED).kid == "k1"


@pytest.mark.parametrize(
    "answer",
    [
        Fetched(404, "application/json", b'{"keys": []}'),
        Fetched(302, "text/html", b""),
        Fetched(200, "text/html", b"<html>"),
        Fetched(200, "application/json", b'{"keys": []}'),
        Fetched(200, "application/json", b'{"keys": [], "keys": []}'),
    ],
)
def test_answer_that_is_no_key_set_gives_no_keys(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock, answer: Fetched
) -> None:
    published.answer = answer
    with pytest.raises(KeysUnavailable) as caught:
        keys.verify(BY_URI, signed(key, clock), EXPECTED)
    assert caught.value.code == "client_keys_unavailable"


def test_last_keys_serve_while_the_address_is_down_but_not_for_ever(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys, clock: FrozenClock
) -> None:
    keys.verify(BY_URI, signed(key, clock), EXPECTED)
    published.is_down = True
    clock.advance(DEFAULT_AGE + STALE_AGE - 1)
    keys.verify(BY_URI, signed(key, clock), EXPECTED)
    with pytest.raises(errors.UnknownKey):
        keys.verify(BY_URI, signed(new_key("k2"), clock), EXPECTED)
    clock.advance(1)
    with pytest.raises(KeysUnavailable):
        keys.verify(BY_URI, signed(key, clock), EXPECTED)
    clock.advance(PAUSE)
    with pytest.raises(KeysUnavailable):
        keys.verify(BY_URI, signed(key, clock), EXPECTED)


def test_key_for_encryption_comes_from_the_same_place_and_is_looked_for_again(
    keys: ClientKeys, key: ClientKey, published: PublishedKeys
) -> None:
    assert keys.encryption_key(client_with(jwks={"keys": [{**key.bare, "use": "enc"}]}), "ECDH-ES").kid is None
    with pytest.raises(errors.UnknownKey):
        keys.encryption_key(BY_URI, "RSA-OAEP-256")
    assert len(published.asked) == 2
    with pytest.raises(errors.UnknownKey):
        keys.encryption_key(BY_URI, "RSA-OAEP-256")
    assert len(published.asked) == 2
