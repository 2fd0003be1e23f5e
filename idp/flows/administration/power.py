"""Clients that reach beyond their unit: who manages such a client could use what it may do, so its unit's managers alone do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients import given, metadata, purposes
from clients.fields import Fault
from clients.model import Client
from idp.errors import InvalidInput
from idp.services.admins import AdminService
from policies import claims, consent
from policies.delegation import SCOPES
from policies.purposes import BY_LAW, Purpose, takes_by_law

IDENTITY: Final = "identity"
"""The scope that stands for the identity code."""


def is_powerful(client: Client, admins: AdminService) -> bool:
    """Tell whether a client may act as an administrator, in its own name or in somebody's, or reaches resources and people of others."""
    fields = any(getattr(client, name) != metadata.FIELDS[name].default for name in metadata.OPERATORS)
    return fields or not client.scope.isdisjoint(SCOPES) or bool(admins.held(f"client:{client.client_id}"))


def wanted_scopes(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes of a document, as far as they can be read: what cannot is refused as metadata."""
    scope = document.get("scope")
    return frozenset(scope.split()) if isinstance(scope, str) else frozenset()


def gives_identity(document: Mapping[str, Any], before: frozenset[str]) -> bool:
    """Tell whether a document lets a client ask for the identity code that could not before."""
    return IDENTITY in wanted_scopes(document) - before


def gives_power(document: Mapping[str, Any], before: Client | None) -> bool:
    """Tell whether a document changes what reaches beyond the client's unit."""
    scopes = before.scope if before is not None else frozenset()
    if not (wanted_scopes(document) - scopes).isdisjoint(SCOPES):
        return True
    return any(
        document.get(name) is not None
        and not _is_same(document[name], getattr(before, name) if before is not None else metadata.FIELDS[name].default)
        for name in metadata.OPERATORS
    )


def gives_notice(document: Mapping[str, Any], before: Client | None) -> bool:
    """Tell whether a document takes on the ground of a law, so that people are told and not asked, what was not so before."""
    if document.get("purposes"):
        known = before.purpose_list if before is not None else ()
        return takes_by_law(known, _purposes(document["purposes"]))
    basis = document.get("legal_basis")
    if document.get("consent") != "notice" or not isinstance(basis, str) or basis not in BY_LAW:
        return False
    if before is None or before.purposes or consent.mode_for(before.consent, before.legal_basis) != "notice":
        return True
    more = claims.for_scopes(wanted_scopes(document)) & ~claims.for_scopes(before.scope)
    text = document.get("purpose")
    said = {"vi": text} if isinstance(text, str) else text
    return basis != before.legal_basis or said != dict(before.purpose) or bool(more)


def _purposes(value: object) -> tuple[Purpose, ...]:
    """Return the purposes of a document, none where they cannot be read: what cannot is refused as metadata."""
    try:
        return purposes.read(purposes.parse(value))
    except Fault:
        return ()


def _is_same(given_value: object, held: object) -> bool:
    """Tell whether a value of a document is what a client has; what cannot be read is another one."""
    if isinstance(held, frozenset | tuple) and all(isinstance(one, str) for one in held):
        words = given_value if isinstance(given_value, list) else None
        return words is not None and all(isinstance(one, str) for one in words) and set(words) == set(held)
    return given_value == (list(held) if isinstance(held, tuple) else held)


def check_not_given(document: Mapping[str, Any]) -> None:
    """Refuse what the operator decides at the command line alone; raises ``InvalidInput``."""
    for name in sorted(given.FIELDS):
        if document.get(name) is not None:
            raise InvalidInput("is decided at the command line alone", field=name)


def without_power(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a new client's document needs no second person."""
    plain = {name: value for name, value in document.items() if name not in metadata.OPERATORS}
    if isinstance(document.get("scope"), str):
        kept = [word for word in document["scope"].split() if word != IDENTITY and word not in SCOPES]
        plain["scope"] = " ".join(kept) or "openid"
    return _asking(plain)


def _asking(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which people are asked for whatever a law would be the ground of, or it is left out."""
    if document.get("consent") == "notice":
        document["consent"] = "ask"
    if document.get("purposes"):
        within = claims.for_scopes(wanted_scopes(document))
        asked = [one for one in _purposes(document["purposes"]) if not one.is_told and not one.claims & ~within]
        kept = {one.id for one in asked}
        document["purposes"] = [one for one in document["purposes"] if one["id"] in kept]
    return document
