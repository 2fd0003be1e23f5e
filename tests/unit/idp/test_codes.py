"""Sealed authorization codes: small, opaque, and nothing but ours opens."""

from __future__ import annotations

import base64

import pytest

from idp import handles
from idp.model.grant import CodePayload
from idp.services.codes import CodeBox
from tests.support.keys import make_sealer

SEALER = make_sealer("authorization-code")
BOX = CodeBox(SEALER.seal, SEALER.open)


def payload(**changes: object) -> CodePayload:
    """Return what a code of a usual size carries."""
    values: dict[str, object] = {
        "grant_id": handles.new_id(),
        "client_id": handles.new_id(),
        "account_id": handles.new_id(),
        "session_id": handles.new_id(),
        "sub": handles.new_secret(),
        "scope": "openid profile email",
        "claims": (1 << 23) - 1,
        "id_claims": 0,
        "nonce": "n" * 32,
        "challenge": "c" * 43,
        "redirect_digest": b"\x00\xff" * 16,
        "auth_time": 1_800_000_000,
        "acr": "urn:dinhdanh:loa:2",
        "amr": ("pwd", "otp"),
        "expires_at": 1_800_000_060,
    }
    return CodePayload(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{}, {"nonce": None}, {"challenge": ""}, {"amr": ()}, {"nonce": "ký tự"}])
def test_code_opens_to_what_was_sealed(changes: dict[str, object]) -> None:
    made = payload(**changes)
    assert BOX.open(BOX.seal(made)) == made


def test_code_is_url_safe_and_bounded() -> None:
    code = BOX.seal(payload())
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(code) < 600
    assert len(BOX.seal(payload(nonce="n" * 512, scope="s" * 200))) < 1500


def test_same_payload_never_gives_the_same_code() -> None:
    made = payload()
    assert BOX.seal(made) != BOX.seal(made)


@pytest.mark.parametrize("text", ["", "A", "A" * 47, "A" * 48, "A" * 600, "A" * 5000, "=" * 60, "ü" * 60, "+/" * 40])
def test_anything_else_does_not_open(text: str) -> None:
    assert BOX.open(text) is None


def test_value_sealed_for_another_purpose_does_not_open() -> None:
    other = make_sealer("transaction")
    assert BOX.open(CodeBox(other.seal, other.open).seal(payload())) is None
    for aad in (b"", b"transaction"):
        sealed = base64.urlsafe_b64encode(SEALER.seal(b"[]" * 40, aad)).rstrip(b"=").decode()
        assert BOX.open(sealed) is None


def test_sealed_value_of_another_shape_does_not_open() -> None:
    for content in (b"[]", b"{}", b"1", b"[1,2,3]", b"not json", b"[" + b"0," * 30 + b"0]"):
        sealed = base64.urlsafe_b64encode(SEALER.seal(content, b"authorization-code")).rstrip(b"=").decode()
        assert BOX.open(sealed) is None
