"""The document of a configuration: which lists there are, what a row of each must and may hold; anything else is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients import given, metadata
from idp.errors import InvalidInput

FORMAT: Final = "dinhdanh-configuration/1"
_MOST: Final = 20_000
_TERMS: Final = frozenset({"unit", "legal_basis", "purpose", "scope", "grant_types", "require_pkce"})
_MEMBER: Final = frozenset({"superior", "jwks", "entity_types", "metadata", "metadata_policy", "constraints"})
_CLIENT: Final = frozenset(metadata.FIELDS) | given.FIELDS | {"state", "sector_id"}
_SAID: Final = frozenset(
    {
        *("client_id_issued_at", "client_secret_expires_at", "created_at", "updated_at", "expires_at"),
        *("federation", "introduced_by", "software_statement"),
    }
)
"""Members of a client that the answers of a registration have and a file cannot set: passed over."""
STATES: Final = ("active", "suspended")


@dataclass(frozen=True, slots=True)
class Kind:
    """One list: what a row must hold as a text, what it may hold, and what names it (two rows of one name are refused; () for none)."""

    needs: tuple[str, ...]
    may: frozenset[str]
    named_by: tuple[str, ...]


KINDS: Final[Mapping[str, Kind]] = {
    "clients": Kind(("client_id",), _CLIENT | _SAID, ("client_id",)),
    "admins": Kind(
        ("principal", "role", "unit"), frozenset({"unit_from", "begins", "ends"}), ("principal", "role", "unit")
    ),
    "subordinates": Kind(("entity_id",), _MEMBER, ("superior", "entity_id")),
    "trust_marks": Kind(("mark_type", "subject"), frozenset({"expires_at"}), ("mark_type", "subject")),
    "streams": Kind(("client_id", "method"), frozenset({"id", "url", "events", "description", "status"}), ()),
    "initial_tokens": Kind(("id",), _TERMS | {"uses_left", "expires_at"}, ("id",)),
}
"""In the order in which they are applied."""


def check(document: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` that names what is wrong by its place."""
    if document.get("format") != FORMAT:
        raise InvalidInput(f"must be {FORMAT}", field="format")
    if unknown := sorted(document.keys() - {"format", *KINDS}):
        raise InvalidInput(f"knows no {', '.join(unknown)}", field="document")
    for name, kind in KINDS.items():
        _check_rows(name, kind, document.get(name, []))
    for place, client in enumerate(document.get("clients", [])):
        if client.get("state", STATES[0]) not in STATES:
            raise InvalidInput(f"must be one of {', '.join(STATES)}", field=f"clients[{place}].state")


def _check_rows(name: str, kind: Kind, rows: object) -> None:
    if not isinstance(rows, list) or len(rows) > _MOST:
        raise InvalidInput(f"must be a list of at most {_MOST}", field=name)
    for place, one in enumerate(rows):
        if not isinstance(one, dict) or not all(isinstance(one.get(need), str) and one[need] for need in kind.needs):
            raise InvalidInput(f"must be an object with {', '.join(kind.needs)}", field=f"{name}[{place}]")
        allowed = kind.may | set(kind.needs)
        if unknown := sorted(key for key in one if key.partition("#")[0] not in allowed):
            raise InvalidInput("is no member that there is", field=f"{name}[{place}].{unknown[0][:60]}")
    found = [tuple(str(one.get(part) or "") for part in kind.named_by) for one in rows]
    if kind.named_by and len(set(found)) != len(found):
        raise InvalidInput("names something twice", field=name)
