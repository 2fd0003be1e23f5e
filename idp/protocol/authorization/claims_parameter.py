"""The ``claims`` request parameter (OpenID Connect Core section 5.5)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from idp.protocol.errors import InvalidRequest

_MAX_LENGTH: Final = 4096
_MAX_VALUES: Final = 20


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What the parameter asks: names for each place, plus the values demanded of ``acr`` and ``sub``.

    Unknown claim names are kept out by whoever maps them to numbers: an OP ignores claims it does not know (section 5.5).
    """

    userinfo: frozenset[str] = frozenset()
    id_token: frozenset[str] = frozenset()
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    sub: str | None = None


NOTHING: Final = ClaimsRequest()


def parse(raw: str | None) -> ClaimsRequest:
    """Return what is asked; raises ``InvalidRequest`` for anything that is not the JSON object of section 5.5."""
    if raw is None:
        return NOTHING
    if len(raw) > _MAX_LENGTH:
        raise _bad("is too long")
    try:
        document = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _bad("is not valid JSON, or names something twice") from error
    if not isinstance(document, dict):
        raise _bad("must be a JSON object")
    userinfo, id_token = _members(document, "userinfo"), _members(document, "id_token")
    acr = id_token.get("acr") or userinfo.get("acr") or {}
    return ClaimsRequest(
        userinfo=frozenset(userinfo) - {"sub", "acr"},
        id_token=frozenset(id_token) - {"sub", "acr"},
        acr_values=_values(acr),
        acr_essential=acr.get("essential") is True,
        sub=_one_sub(id_token.get("sub") or {}, userinfo.get("sub") or {}),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member appears twice"
        raise ValueError(message)
    return found


def _members(document: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    members = document.get(place)
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise _bad(f"member {place} must be an object")
    for name, wanted in members.items():
        if wanted is not None and not isinstance(wanted, dict):
            raise _bad(f"member {place} must hold null or an object for each claim")
        if wanted is not None and not isinstance(wanted.get("essential", False), bool):
            raise _bad(f"member {place}: essential must be true or false")
        if not isinstance(name, str):
            raise _bad(f"member {place} must be an object")
    return {name: wanted or {} for name, wanted in members.items()}


def _values(wanted: dict[str, Any]) -> tuple[str, ...]:
    values = wanted.get("values", [wanted["value"]] if "value" in wanted else [])
    if not isinstance(values, list) or len(values) > _MAX_VALUES or not all(_is_text(one) for one in values):
        raise _bad("value must be text and values a short list of texts")
    return tuple(values)


def _is_text(value: object) -> bool:
    """Tell whether a value is text that can be stored; a JSON escape may make half a character, which UTF-8 has not."""
    return isinstance(value, str) and value.isprintable()


def _one_sub(*wanted: dict[str, Any]) -> str | None:
    values = {value for each in wanted for value in _values(each)}
    if len(values) > 1:
        raise _bad("may ask for one sub only")
    return values.pop() if values else None


def _bad(what: str) -> InvalidRequest:
    return InvalidRequest(f"the claims parameter {what}", reason="claims_parameter")
