"""What a department says when it fetches (RFC 8936 section 2.4): what it has, what it could not take, how much it wants, and whether it waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp import handles
from idp.protocol.errors import InvalidRequest

MOST_AT_ONCE: Final = 100
"""Signals in one answer to a poll."""
_JTI: Final = 64


@dataclass(frozen=True, slots=True)
class Poll:
    """A checked request: signals that the receiver has, those that it could not take with its code, the most it wants, and whether it waits."""

    acknowledged: tuple[str, ...]
    failed: Mapping[str, str]
    most: int
    waits: bool


def read(asked: Mapping[str, Any]) -> Poll:
    """Return the request; raises ``InvalidRequest``. A receiver waits unless it says otherwise, or wants nothing but to acknowledge."""
    at_once, most = asked.get("returnImmediately", False), _bounded(asked.get("maxEvents", MOST_AT_ONCE))
    if not isinstance(at_once, bool):
        raise InvalidRequest("returnImmediately must be true or false", reason="invalid_returnImmediately")
    return Poll(tuple(_names(asked.get("ack", []), "ack")), _errors(asked), most, waits=not at_once and most > 0)


def _names(value: object, field: str) -> list[str]:
    """Return what can be a signal's name; another ``jti`` is none of ours, and passed over like one that is gone."""
    if (
        not isinstance(value, list)
        or len(value) > MOST_AT_ONCE
        or not all(isinstance(one, str) and len(one) <= _JTI for one in value)
    ):
        raise InvalidRequest(f"{field} must be a list of at most {MOST_AT_ONCE} jti", reason=f"invalid_{field}")
    return [one for one in value if handles.is_id(one)]


def _errors(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return the signals that the receiver could not take with its code (RFC 8936 section 2.3): words of the registry, or ours."""
    failed = asked.get("setErrs", {})
    if not isinstance(failed, dict):
        raise InvalidRequest("setErrs must be an object", reason="invalid_setErrs")
    known = _names(list(failed), "setErrs")
    codes = {name: failed[name].get("err") if isinstance(failed[name], dict) else None for name in known}
    return {
        name: code if isinstance(code, str) and code in _ERRORS else "refused_by_receiver"
        for name, code in codes.items()
    }


_ERRORS: Final = frozenset(
    {"invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"}
)


def _bounded(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidRequest("maxEvents must be a number", reason="invalid_maxEvents")
    return min(value, MOST_AT_ONCE)
