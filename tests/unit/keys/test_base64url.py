"""Strict base64url."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import base64url


@pytest.mark.spec("RFC 7515", "2")
@given(st.binary(max_size=100))
def test_encoding_is_urlsafe_without_padding_and_decodes_back(data: bytes) -> None:
    text = base64url.encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=")
    assert base64url.encode_text(data) == text.decode()
    assert base64url.decode(text) == data


@pytest.mark.parametrize(
    "text", [b"A", b"QQ==", b"QQ=", b"Q+", b"Q/", b"Q Q", b"QQ\n", b"\nQQ", b"QR", b"Q!", b"QUJ", b"AAAAA", b"QQ.QQ"]
)
def test_any_other_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)
