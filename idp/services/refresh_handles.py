"""The form of refresh tokens: what one says before its MAC is checked."""

from __future__ import annotations

from typing import Final

from idp.model.frozen import frozen
from keys import base64url

PREFIX: Final = "rt_"
_MAC: Final = 32
_ID: Final = 26
_LONGEST: Final = 160


@frozen
class RefreshHandle:
    """What a refresh token says before its MAC is checked."""

    grant_id: str
    generation: int
    mac: bytes


def parse(token: str) -> RefreshHandle | None:
    """Return what a refresh token says, unchecked; None for anything that has not its form."""
    if not token.startswith(PREFIX) or len(token) > _LONGEST or not token.isascii():
        return None
    try:
        raw = base64url.decode(token[len(PREFIX) :].encode("ascii"))
    except ValueError:
        return None
    if len(raw) != _ID + 4 + _MAC:
        return None
    return RefreshHandle(
        raw[:_ID].decode("ascii", "replace"), int.from_bytes(raw[_ID : _ID + 4], "big"), raw[_ID + 4 :]
    )
