"""The text of refresh tokens: what it says, and that strange text says nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import handles
from idp.services.refresh_handles import PREFIX, parse


def token(grant_id: str, generation: int, mac: bytes) -> str:
    """Return a token of the right form."""
    raw = grant_id.encode() + generation.to_bytes(4, "big") + mac
    return PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_token_says_grant_generation_and_mac() -> None:
    grant_id = handles.new_id()
    handle = parse(token(grant_id, 7, b"m" * 32))
    assert handle is not None
    assert (handle.grant_id, handle.generation, handle.mac) == (grant_id, 7, b"m" * 32)


@pytest.mark.parametrize(
    "text", ["", "rt_", "rt_A", "RT_" + "A" * 83, "rt_" + "A" * 82, "rt_" + "A" * 84, "rt_" + "A" * 500]
)
def test_other_forms_say_nothing(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=200), st.booleans())
def test_no_text_breaks_the_parser(text: str, prefixed: bool) -> None:
    handle = parse(PREFIX + text if prefixed else text)
    assert handle is None or len(handle.mac) == 32
