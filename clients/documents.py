"""A client as JSON: for storage (digests of secrets included) and for people (never)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from clients.model import Client, Secret

_STORED: Final = tuple(each for each in fields(Client) if each.init)
_NAMES: Final = tuple(each.name for each in _STORED)
# Annotations are text here (``from __future__ import annotations``): the type of a field says how JSON holds it.
_SETS: Final = tuple(each.name for each in _STORED if str(each.type).startswith("frozenset["))
_TUPLES: Final = tuple(each.name for each in _STORED if str(each.type).startswith(("tuple[str", "tuple[Mapping")))
_MAPPINGS: Final = tuple(each.name for each in _STORED if str(each.type).startswith("Mapping["))
_NOT_SHOWN: Final = (
    "secrets",
    "version",
    "client_name",
    "terms",
    "management_digest",
    "not_before",
    "rewritten",
    "corrected",
    "unit_at",
)


def to_document(client: Client) -> dict[str, Any]:
    """Return everything as JSON values for the store; ``from_document`` reads it back."""
    document = {name: getattr(client, name) for name in _NAMES}
    document |= {name: sorted(document[name]) for name in _SETS}
    document |= {name: list(document[name]) for name in _TUPLES}
    document |= {name: dict(document[name]) for name in _MAPPINGS if document[name] is not None}
    document["purposes"] = [dict(one) for one in client.purposes]
    document["secrets"] = [_secret_row(one) for one in client.secrets]
    return document


def from_document(document: Mapping[str, Any]) -> Client:
    """Return the client of a stored document.

    Fields that a later release added take their defaults, fields that a later release wrote are passed over.
    """
    values = {name: document[name] for name in _NAMES if name in document}
    values |= {name: frozenset(values[name]) for name in _SETS if name in values}
    values |= {name: tuple(values[name]) for name in _TUPLES if name in values}
    values["secrets"] = tuple(_secret(one) for one in document.get("secrets", ()))
    return Client(**values)


def to_metadata(client: Client) -> dict[str, Any]:
    """Return what may be shown (RFC 7591 section 3.2.1): registered metadata and state, never a secret or its digest.

    Names come as RFC 7591 section 2.2 writes them: ``client_name`` in Vietnamese, ``client_name#en`` in English. Given
    back to ``clients.metadata.parse``, the answer registers the same.
    """
    shown = {name: value for name, value in to_document(client).items() if value is not None and name not in _NOT_SHOWN}
    shown["client_name"] = client.client_name["vi"]
    # Vietnamese goes without a tag alone: of two values for it, whoever edits the answer would change the wrong one.
    shown |= {f"client_name#{language}": text for language, text in client.client_name.items() if language != "vi"}
    shown["scope"] = " ".join(shown["scope"])
    shown["client_id_issued_at"] = client.created_at
    if client.has_secret:
        shown["client_secret_expires_at"] = 0
    return shown


def _secret_row(secret: Secret) -> list[Any]:
    row = [secret.digest.hex(), secret.created_at, secret.expires_at]
    return row if secret.sealed is None else [*row, secret.sealed.hex()]


def _secret(row: Sequence[Any]) -> Secret:
    digest, created_at, expires_at, *sealed = row
    return Secret(bytes.fromhex(digest), created_at, expires_at, bytes.fromhex(sealed[0]) if sealed else None)
