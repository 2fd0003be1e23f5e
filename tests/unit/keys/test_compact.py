"""The strict parser of compact tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import base64url
from keys.compact import MAX_TOKEN_CHARS, parse
from keys.errors import HeaderRefused, TokenError, TokenMalformed


def token(header: bytes, payload: bytes = b"{}", signature: bytes = b"s") -> str:
    return ".".join(base64url.encode_text(part) for part in (header, payload, signature))


def test_the_parts_come_back_unverified() -> None:
    parsed = parse(token(b'{"alg":"ES256","kid":"k","typ":"application/AT+JWT"}', b'{"a":1}'))
    assert (parsed.alg, parsed.kid, parsed.typ) == ("ES256", "k", "at+jwt")
    assert (parsed.unverified_payload, parsed.unverified_claims, parsed.signature) == (b'{"a":1}', {"a": 1}, b"s")


@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.parametrize("member", ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"])
def test_a_header_that_names_its_own_key_or_rules_is_refused(member: str) -> None:
    with pytest.raises(HeaderRefused):
        parse(token(b'{"alg":"ES256","%s":[]}' % member.encode()))


@pytest.mark.spec("RFC 7515", "5.2")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "e30.e30.",
        "é.e30.e30",
        "\ud800.e30.e30",
        token(b"{}"),
        token(b"[]"),
        token(b'{"alg":1}'),
        token(b'{"alg":"ES256","kid":1}'),
        token(b'{"alg":"ES256","typ":null}'),
        token(b'{"alg":"ES256","alg":"ES256"}'),
        token(b'{"alg":"ES256"}', b'{"sub":"a","sub":"b"}'),
        token(b'{"alg":"ES256"}', b'"text"'),
        token(b'{"alg":"ES256"}') + "=",
        token(b'{"alg":"ES256"}') + "\n",
        " " + token(b'{"alg":"ES256"}'),
        token(b'{"alg":"ES256"}', b'{"x":"' + b"x" * MAX_TOKEN_CHARS + b'"}'),
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(TokenMalformed):
        parse(text)


def test_the_bound_is_the_last_length_that_is_read() -> None:
    longest = token(b'{"alg":"ES256"}', b'{"x":"' + b"x" * 6000 + b'"}')
    assert len(parse(longest, len(longest)).unverified_claims["x"]) == 6000
    with pytest.raises(TokenMalformed):
        parse(longest, len(longest) - 1)


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("jwk", [b"", b',"jwk":null', b',"jwk":"key"', b',"jwk":[]'])
def test_a_proof_whose_header_holds_no_key_is_malformed(jwk: bytes) -> None:
    with pytest.raises(TokenMalformed):
        parse(token(b'{"alg":"ES256"%s}' % jwk), with_jwk=True)


def test_the_signature_is_over_the_first_two_segments_as_they_came() -> None:
    text = token(b'{"alg": "ES256"}', b'{"a": 1}')
    assert parse(text).signed.decode() == text.rpartition(".")[0]


@given(st.text(max_size=60) | st.from_regex(r"\A[A-Za-z0-9_-]{0,30}\.[A-Za-z0-9_-]{0,30}\.[A-Za-z0-9_-]{0,30}\Z"))
def test_no_text_raises_anything_but_a_token_error(text: str) -> None:
    with pytest.raises(TokenError):
        parse(text)
