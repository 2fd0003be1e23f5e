"""``purposes``: what a client wants data for, written by its department; read into ``policies.purposes.Purpose``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from clients import fields
from clients.fields import MAX_TEXT, Fault
from policies import claims, consent
from policies.purposes import BY_LAW, Purpose

SIGN_IN: Final[Mapping[str, str]] = MappingProxyType({"vi": "Đăng nhập vào hệ thống", "en": "To sign in to the system"})
"""The one purpose that every system has, for one that names none."""
MOST: Final = 10
_REQUIRED: Final = frozenset({"id", "text", "legal_basis"})
_MEMBERS: Final = _REQUIRED | {"claims", "optional_claims"}
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def parse(value: object) -> tuple[dict[str, Any], ...]:
    """Return the purposes as plain JSON; raises ``Fault`` that names the purpose at fault.

    Each is ``{"id", "text": {"vi", "en"}, "legal_basis", "claims": […], "optional_claims": […]}``.
    """
    if not isinstance(value, list) or len(value) > MOST:
        raise Fault("not_list", f"must be a list of at most {MOST} purposes")
    found, ids, taken = [], set[str](), set[str]()
    for position, one in enumerate(value):
        place = f"[{position}]"
        purpose = _purpose(one, place)
        names = {*purpose["claims"], *purpose["optional_claims"]}
        if purpose["id"] in ids or not taken.isdisjoint(names):
            raise Fault("duplicate", "must not name an id or a claim that another purpose names", place)
        ids.add(purpose["id"])
        taken |= names
        found.append(purpose)
    return tuple(found)


def read(documents: Iterable[Mapping[str, Any]]) -> tuple[Purpose, ...]:
    """Return the purposes of a client; a claim brings along what confirms it."""
    return tuple(
        Purpose(
            one["id"],
            dict(one["text"]),
            one["legal_basis"],
            claims.confirmed(claims.pack(one["claims"])),
            claims.confirmed(claims.pack(one["optional_claims"])),
        )
        for one in documents
    )


def beyond(documents: Iterable[Mapping[str, Any]], scope: Iterable[str]) -> tuple[str, ...]:
    """Return the claims that purposes name and that a scope does not stand for."""
    named = claims.pack(name for one in documents for name in (*one["claims"], *one["optional_claims"]))
    return claims.unpack(named & ~claims.for_scopes(scope))


def _purpose(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not _REQUIRED <= value.keys() <= _MEMBERS:
        least = ", ".join(sorted(_REQUIRED))
        raise Fault("not_purpose", f"must hold {least}, and may hold claims and optional_claims", place)
    purpose_id = value["id"]
    if not isinstance(purpose_id, str) or not _ID.fullmatch(purpose_id):
        raise Fault("not_id", "must be 1 to 32 of a-z, 0-9, - and _", f"{place}.id")
    text = _in(place, "text", lambda: fields.translated(MAX_TEXT)(value["text"]))
    if "en" not in text:
        raise Fault("en_missing", "must be there in both languages", f"{place}.text.en")
    basis = _in(place, "legal_basis", lambda: fields.choice(consent.LEGAL_BASES)(value["legal_basis"]))
    names = fields.listed(fields.choice(tuple(claims.CLAIMS)))
    required = _in(place, "claims", lambda: names(value.get("claims", [])))
    optional = _in(place, "optional_claims", lambda: names(value.get("optional_claims", [])))
    if not required and not optional:
        raise Fault("empty", "must name a claim", f"{place}.claims")
    if not set(required).isdisjoint(optional):
        raise Fault("duplicate", "must not name what claims names", f"{place}.optional_claims")
    if optional and basis in BY_LAW:
        raise Fault(
            "no_choice", "must be empty: where a law is the ground, nobody is asked", f"{place}.optional_claims"
        )
    return {
        "id": purpose_id,
        "text": text,
        "legal_basis": basis,
        "claims": list(required),
        "optional_claims": list(optional),
    }


def _in(place: str, name: str, parse_it: Any) -> Any:
    """Parse a member; a fault, or the first of several, names it."""
    try:
        return parse_it()
    except fields.Faults as several:
        fault = several.found[0]
    except Fault as single:
        fault = single
    raise Fault(fault.reason, fault.detail, f"{place}.{name}{fault.place}")
