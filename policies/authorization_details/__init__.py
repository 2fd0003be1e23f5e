"""Rich authorization (RFC 9396): what exactly a system asks leave for, by type; which types there are, and what each may say.

Pure: a request's details come in as parsed JSON, checked details go out, in one canonical shape. Another type is a module here and a row in
``TYPES``; discovery, registration, the consent page and the tokens follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from policies.authorization_details import dataset, document, dossier
from policies.authorization_details.schema import Detail, DetailFault, DetailType

TYPES: Final[Mapping[str, DetailType]] = MappingProxyType(
    {one.name: one for one in (dossier.TYPE, document.TYPE, dataset.TYPE)}
)
"""Every type by its name."""
OF_PEOPLE: Final = frozenset(name for name, one in TYPES.items() if not one.is_of_systems)
"""Types that a person is asked for; a system asks the others for itself."""
MOST: Final = 8
"""Details in one request: a person has to read all of them."""
LONGEST: Final = 1536
"""Bytes of all details together in their canonical form: they travel in the code and in access tokens."""


def checked(given: object, allowed: Iterable[str]) -> tuple[Detail, ...]:
    """Return the details of a request; raises ``DetailFault``.

    Types outside ``allowed``, members that the type does not know and values that it does not permit are refused, never passed over
    (RFC 9396 section 5).
    """
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        raise DetailFault("", f"must be a list of 1 to {MOST} objects")
    permitted = frozenset(allowed)
    found = tuple(_one(each, f"[{position}]", permitted) for position, each in enumerate(given))
    if len({canonical((one,)) for one in found}) != len(found):
        raise DetailFault("", "must not ask the same twice")
    if len(canonical(found)) > LONGEST:
        raise DetailFault("", f"must be at most {LONGEST} bytes long")
    return found


def _one(given: object, place: str, permitted: frozenset[str]) -> Detail:
    if not isinstance(given, dict):
        raise DetailFault(place, "must be an object")
    name = given.get("type")
    kind = TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise DetailFault(f"{place}.type", "must be a type that authorization_details_types_supported names")
    if kind.name not in permitted:
        raise DetailFault(f"{place}.type", "must be one of the authorization_details_types that the client registered")
    return kind.read(given, place)


def narrowed(given: object, granted: Iterable[Detail]) -> tuple[Detail, ...]:
    """Return the details of a token request, each within one of ``granted`` (RFC 9396 section 6); raises ``DetailFault``.

    That is what a person agreed to, or what an operator lets a system ask for itself.
    """
    granted = tuple(granted)
    found = checked(given, {one["type"] for one in granted})
    for position, one in enumerate(found):
        if not any(TYPES[one["type"]].is_within(one, whole) for whole in granted):
            raise DetailFault(f"[{position}]", "must be within what was granted")
    return found


def for_audience(details: Iterable[Detail], audience: Iterable[str]) -> tuple[Detail, ...]:
    """Return the details that concern one of ``audience``: a detail with ``locations`` is for those alone (RFC 9396 section 9.1)."""
    present = set(audience)
    return tuple(one for one in details if "locations" not in one or present & set(one["locations"]))


def canonical(details: Iterable[Detail]) -> str:
    """Return details as JSON that is always the same for the same details; "" for none."""
    listed = list(details)
    return json.dumps(listed, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if listed else ""


def restored(text: str) -> tuple[Detail, ...]:
    """Return the details of ``canonical``."""
    found: list[dict[str, Any]] = json.loads(text) if text else []
    return tuple(found)


__all__ = [
    "OF_PEOPLE",
    "TYPES",
    "Detail",
    "DetailFault",
    "canonical",
    "checked",
    "for_audience",
    "narrowed",
    "restored",
]
