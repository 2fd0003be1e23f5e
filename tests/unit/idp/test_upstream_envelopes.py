"""Envelopes of VNeID-like providers: opened, and every failure the same."""

from __future__ import annotations

import base64

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from examples.upstream_simulators.envelopes import sealed
from idp.ports.upstreams import UpstreamRefused
from idp.upstream.envelopes import Envelopes

KEY = generate_private_key(65537, 2048)
NOW = 1_800_000_000


def many(_kind: str, _value: bytes) -> None:
    """Let everything be used any number of times."""


def body(data: str, key: str) -> bytes:
    return orjson.dumps({"data": data, "key": key})


@pytest.mark.parametrize("wrapping", ["pkcs1v15", "oaep-sha1", "oaep-sha256"])
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 4000])
def test_envelope_is_opened(wrapping: str, length: int) -> None:
    plain = b"x" * length
    data, key = sealed(plain, KEY.public_key(), wrapping)
    assert Envelopes(KEY, wrapping).open(data, key, many) == plain


def _flipped(text: str, position: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[position] ^= 1
    return base64.b64encode(raw).decode()


DATA, WRAPPED = sealed(orjson.dumps({"access_token": "x" * 40}), KEY.public_key())
OTHER_DATA, OTHER_WRAPPED = sealed(orjson.dumps({"sub": "y"}), KEY.public_key())
SHORT_KEY = base64.b64encode(KEY.public_key().encrypt(b"x" * 5, PKCS1v15())).decode()


DAMAGES = {
    "last octet of the data": (_flipped(DATA, -1), WRAPPED),
    "block before the last": (_flipped(DATA, -20), WRAPPED),
    "first octet of the key": (DATA, _flipped(WRAPPED, 0)),
    "last octet of the key": (DATA, _flipped(WRAPPED, -1)),
    "another envelope's key": (DATA, OTHER_WRAPPED),
    "another envelope's data": (OTHER_DATA, WRAPPED),
    "cut off": (DATA[: len(DATA) // 2 // 4 * 4], WRAPPED),
    "no data": ("", WRAPPED),
    "no key": (DATA, ""),
    "key of another length": (DATA, base64.b64encode(b"short").decode()),
    "wrapped key that is none of AES": (DATA, SHORT_KEY),
    "no base64": ("no base64!", WRAPPED),
    "space inside": (DATA[:8] + " " + DATA[8:], WRAPPED),
    "too long": (DATA + "A" * 70_000, WRAPPED),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_the_same_refusal(damage: str) -> None:
    data, key = DAMAGES[damage]
    with pytest.raises(UpstreamRefused) as caught:
        Envelopes(KEY, "pkcs1v15").open_document(body(data, key), many, NOW)
    assert (caught.value.check, caught.value.__cause__) == ("envelope", None)


@pytest.mark.parametrize(
    "outer", [b"", b"[]", b"{}", b'{"data":1,"key":"x"}', b'{"data":"x","data":"y","key":"z"}', b"\xff"]
)
def test_what_is_no_envelope_is_the_same_refusal_too(outer: bytes) -> None:
    with pytest.raises(UpstreamRefused, match=r"^envelope$"):
        Envelopes(KEY, "pkcs1v15").open_document(outer, many, NOW)


@pytest.mark.parametrize("name", ["iat", "timestamp"])
@pytest.mark.parametrize(
    ("moment", "passes"),
    [(NOW, True), (NOW * 1000, True), (NOW - 301, False), (NOW + 301, False), ((NOW - 900) * 1000, False)],
)
def test_envelope_that_says_its_age_must_be_fresh(name: str, moment: int, passes: bool) -> None:
    data, key = sealed(orjson.dumps({name: moment}), KEY.public_key())
    opener = Envelopes(KEY, "pkcs1v15")
    if passes:
        assert opener.open_document(body(data, key), many, NOW) == {name: moment}
        return
    with pytest.raises(UpstreamRefused, match=r"^envelope_age$"):
        opener.open_document(body(data, key), many, NOW)


def test_envelope_is_marked_as_used_only_after_it_opened() -> None:
    marked: list[str] = []
    opener = Envelopes(KEY, "pkcs1v15")
    with pytest.raises(UpstreamRefused):
        opener.open(
            base64.b64encode(base64.b64decode(DATA)[:-1]).decode(), WRAPPED, lambda kind, _value: marked.append(kind)
        )
    opener.open(DATA, WRAPPED, lambda kind, _value: marked.append(kind))
    assert marked == ["envelope"]
