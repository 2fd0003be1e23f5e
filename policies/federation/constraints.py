"""Constraints on trust chains: how long, under which names, for which entity types (OpenID Federation 1.0 section 6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from policies.federation.errors import ConstraintBroken

ALWAYS_ALLOWED: Final = "federation_entity"
"""The entity type that no ``allowed_entity_types`` takes away (section 6.2.3)."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """The constraints of one subordinate statement; None where it sets no such bound.

    ``max_path_length`` counts the intermediates between who says so and the subject of the chain. ``permitted`` and ``excluded`` are
    host names, or domains that begin with a dot.
    """

    max_path_length: int | None = None
    permitted: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    allowed_entity_types: frozenset[str] | None = None


def parse(document: Any) -> Constraints:
    """Return the constraints of a statement; members that we do not know are passed over. Raises ``ConstraintBroken``."""
    if not isinstance(document, Mapping):
        raise _malformed("constraints", "must be an object")
    longest = document.get("max_path_length")
    if longest is not None and (isinstance(longest, bool) or not isinstance(longest, int) or longest < 0):
        raise _malformed("max_path_length", "must be a whole number from 0")
    naming = document.get("naming_constraints", {})
    if not isinstance(naming, Mapping):
        raise _malformed("naming_constraints", "must be an object")
    types = document.get("allowed_entity_types")
    return Constraints(
        longest,
        _names(naming["permitted"], "permitted") if "permitted" in naming else None,
        _names(naming.get("excluded", []), "excluded"),
        None if types is None else frozenset(_names(types, "allowed_entity_types")),
    )


def check(constraints: Constraints, intermediates: int, entity_ids: Iterable[str]) -> None:
    """Raise ``ConstraintBroken`` unless a chain keeps the constraints of one of its statements.

    ``intermediates`` is their number below whoever set the constraints; ``entity_ids`` are the statement's subject and all below it.
    """
    if constraints.max_path_length is not None and intermediates > constraints.max_path_length:
        raise ConstraintBroken("path_too_long", "max_path_length", "more intermediates than a superior allows")
    for entity_id in entity_ids:
        host = _host(entity_id)
        if any(_matches(host, name) for name in constraints.excluded):
            raise ConstraintBroken("name_excluded", "naming_constraints.excluded", "a superior excludes the name")
        permitted = constraints.permitted
        if permitted is not None and not any(_matches(host, name) for name in permitted):
            raise ConstraintBroken("name_not_permitted", "naming_constraints.permitted", "the name is not permitted")


def allowed(metadata: Mapping[str, Any], constraints: Sequence[Constraints]) -> dict[str, Any]:
    """Return the metadata of the entity types that every superior allows (section 6.2.3)."""
    bounds = [one.allowed_entity_types for one in constraints if one.allowed_entity_types is not None]
    return {
        kind: values
        for kind, values in metadata.items()
        if kind == ALWAYS_ALLOWED or all(kind in bound for bound in bounds)
    }


def _names(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise _malformed(place, "must be a list of names")
    return tuple(value)


def _host(entity_id: str) -> str:
    try:
        return (urlsplit(entity_id).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _matches(host: str, name: str) -> bool:
    """RFC 5280 section 4.2.1.10, as for URIs: with a leading dot one label more at least, without it that host alone."""
    pattern = name.lower().rstrip(".")
    if not host:
        return False
    return host.endswith(pattern) and len(host) > len(pattern) if pattern.startswith(".") else host == pattern


def _malformed(place: str, detail: str) -> ConstraintBroken:
    return ConstraintBroken("constraints_malformed", place, detail)
