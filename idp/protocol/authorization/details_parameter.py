"""The ``authorization_details`` parameter (RFC 9396 section 2): JSON read strictly and bounded; what it may say is ``policies``' business."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from idp.protocol.errors import InvalidAuthorizationDetails
from policies import authorization_details
from policies.authorization_details import Detail, DetailFault

_LONGEST: Final = 4096


def parse(raw: str | None, allowed: Iterable[str]) -> tuple[Detail, ...]:
    """Return the checked details of a request; raises ``InvalidAuthorizationDetails``."""
    if raw is None:
        return ()
    try:
        return authorization_details.checked(_read(raw), allowed)
    except DetailFault as fault:
        raise InvalidAuthorizationDetails(str(fault)) from fault


def narrow(raw: str | None, granted: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Return what a token request asks of what was granted, all of it where it asks nothing; raises ``InvalidAuthorizationDetails``."""
    if raw is None:
        return granted
    try:
        return authorization_details.narrowed(_read(raw), granted)
    except DetailFault as fault:
        raise InvalidAuthorizationDetails(str(fault), reason="details_widened") from fault


def _read(raw: str) -> object:
    if len(raw) > _LONGEST:
        raise InvalidAuthorizationDetails(f"authorization_details is longer than {_LONGEST} characters")
    try:
        return json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InvalidAuthorizationDetails(
            "authorization_details is not valid JSON, or names something twice"
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that is there twice would be read one way here and another way at the resource."""
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member appears twice"
        raise ValueError(message)
    return found
