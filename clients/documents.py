"""A client as JSON: for storage (digests of secrets included) and for people (never)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from clients.model import Client, Secret

_SETS = frozenset({"scope", "grant_types", "response_types"})
_TUPLES = frozenset({"redirect_uris", "post_logout_redirect_uris", "default_acr_values", "contacts"})
_NAMES = tuple(each.name for each in fields(Client) if each.name != "redirect_set")


def to_document(client: Client) -> dict[str, Any]:
    """Return everything as JSON values for the store; ``from_document`` reads it back."""
    document = {name: getattr(client, name) for name in _NAMES}
    document |= {name: sorted(document[name]) for name in _SETS}
    document["secrets"] = [[one.digest.hex(), one.created_at, one.expires_at] for one in client.secrets]
    return document


def from_document(document: dict[str, Any]) -> Client:
    """Return the client of a stored document; fields that a later release added take their defaults."""
    values = {name: document[name] for name in _NAMES if name in document}
    values |= {name: frozenset(values[name]) for name in _SETS}
    values |= {name: tuple(values[name]) for name in _TUPLES if name in values}
    values["secrets"] = tuple(Secret(bytes.fromhex(one[0]), one[1], one[2]) for one in document["secrets"])
    return Client(**values)


def to_metadata(client: Client) -> dict[str, Any]:
    """Return what may be shown: registered metadata and state, never a secret or its digest."""
    document = to_document(client)
    del document["secrets"], document["version"]
    document["scope"] = " ".join(document["scope"])
    document["client_secret_expires_at"] = 0
    document["client_id_issued_at"] = client.created_at
    return {name: value for name, value in document.items() if value is not None}
