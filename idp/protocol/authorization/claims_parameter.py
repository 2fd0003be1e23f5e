"""The ``claims`` request parameter (OpenID Connect Core section 5.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from idp.model.frozen import frozen
from idp.protocol.errors import InvalidRequest

_MAX_LENGTH: Final = 4096
_MAX_VALUES: Final = 20
_DEMANDS: Final = frozenset({"sub", "acr"})
"""What says who and how, and is no attribute to release."""


@frozen
class ClaimsRequest:
    """What the parameter asks: names for each place, plus the values demanded of ``acr`` and ``sub``.

    ``essential`` are the names marked so in either place. ``wanted`` holds, by place and name, the values of which the claim must have one
    (section 5.5.1: ``value`` and ``values``); a claim that has another is left out there, which is no error.
    Unknown claim names are kept out by whoever maps them to numbers: an OP ignores claims it does not know (section 5.5).
    """

    userinfo: frozenset[str] = frozenset()
    id_token: frozenset[str] = frozenset()
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    sub: str | None = None
    essential: frozenset[str] = frozenset()
    wanted: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)


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
        userinfo=frozenset(userinfo) - _DEMANDS,
        id_token=frozenset(id_token) - _DEMANDS,
        acr_values=_values(acr),
        acr_essential=acr.get("essential") is True,
        sub=_one_sub(id_token.get("sub") or {}, userinfo.get("sub") or {}),
        essential=frozenset(
            name for place in (userinfo, id_token) for name, one in place.items() if one.get("essential") is True
        )
        - _DEMANDS,
        wanted=_wanted(userinfo=userinfo, id_token=id_token),
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


def _wanted(**places: dict[str, dict[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    found = {
        place: {name: _any_values(one) for name, one in members.items() if {"value", "values"} & one.keys()}
        for place, members in places.items()
    }
    named = {
        place: {name: values for name, values in each.items() if name not in _DEMANDS} for place, each in found.items()
    }
    return {place: each for place, each in named.items() if each}


def _any_values(wanted: dict[str, Any]) -> list[Any]:
    """Return the values asked of a claim, of any JSON type; ``values`` counts where both members are there."""
    values = wanted.get("values", [wanted["value"]] if "value" in wanted else [])
    if not isinstance(values, list) or len(values) > _MAX_VALUES:
        raise _bad("values must be a short list")
    try:
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise _bad("values must be JSON in UTF-8") from error
    return values


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
