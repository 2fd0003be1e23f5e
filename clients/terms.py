"""On what terms a client is here that an operator did not register himself: what it may choose, and what is chosen for it.

Whoever registers over HTTP (RFC 7591) may be anybody, so what a person reads as the province's word (owner, legal basis, purpose) and what a
client may ever ask comes from the terms: those of an initial access token, of a software statement's issuer, or of the sandbox. The terms stay
with the client, so that an update (RFC 7592 section 2.2) reaches no further than the registration did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from clients import metadata
from clients.errors import MetadataError, RegistrationRefused
from clients.fields import shown
from clients.model import NO_AUTHENTICATION
from policies import claims

SCOPES: Final = frozenset(claims.SCOPES) - {"identity", "roles"}
"""What terms allow that do not say otherwise: never the identity code, nor what officials may do."""
GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token", "client_credentials"})
"""Grants by which a client acts for nobody but itself or a person who agreed; the others have to be named in the terms."""
_DECIDED: Final = ("unit", "legal_basis", "purpose")
_NEVER: Final = frozenset(
    {
        *("consent", "purposes", "minimum_acr", "resource_identifiers", "allowed_resources"),
        *("token_exchange", "assertion_issuers", "own_authorization_details"),
    }
)
"""What stays as it is by default: that people are asked, whoever asks them, and that no token is for another system."""
_UNNAMED: Final = {"vi": "Hệ thống chưa có tên", "en": "Unnamed system"}


@dataclass(frozen=True, slots=True)
class Terms:
    """``via`` says who gave them (``initial_access_token:<id>``, ``software_statement:<issuer>``, ``sandbox``, ``metadata_document``)."""

    via: str
    unit: str
    legal_basis: str
    purpose: Mapping[str, str]
    scope: frozenset[str] = SCOPES
    grant_types: frozenset[str] = GRANT_TYPES
    require_pkce: bool = True

    def document(self) -> dict[str, Any]:
        """Return the terms as JSON values; ``read`` reads them back."""
        return {
            "via": self.via,
            "unit": self.unit,
            "legal_basis": self.legal_basis,
            "purpose": dict(self.purpose),
            "scope": sorted(self.scope),
            "grant_types": sorted(self.grant_types),
            "require_pkce": self.require_pkce,
        }


def read(document: Mapping[str, Any]) -> Terms:
    """Return the terms of a stored document."""
    return Terms(
        **{**document, "scope": frozenset(document["scope"]), "grant_types": frozenset(document["grant_types"])}
    )


def checked(document: Mapping[str, Any], via: str, known: Iterable[str] = metadata.GRANT_TYPES) -> Terms:
    """Return terms that an operator wrote; raises ``RegistrationRefused`` with every fault.

    ``scope`` and ``grant_types`` are lists of words; absent, they are what anybody may get. ``known`` are the grants that there are.
    """
    scope, grants = document.get("scope") or sorted(SCOPES), document.get("grant_types") or sorted(GRANT_TYPES)
    probe = {name: document.get(name) for name in _DECIDED} | {
        "client_name": "x",
        "redirect_uris": ["https://terms.example/"],
        "scope": " ".join(["openid", *scope]),
    }
    registration, faults = metadata.check(probe, is_operator=False)
    if unknown := sorted(set(grants) - set(known)):
        faults.append(MetadataError("grant_types", "not_supported", f"knows no {', '.join(map(shown, unknown))}"))
    if faults:
        raise RegistrationRefused(faults)
    return Terms(
        via,
        registration.values["unit"],
        registration.values["legal_basis"],
        registration.values["purpose"],
        frozenset(scope),
        frozenset(grants),
        bool(document.get("require_pkce", True)),
    )


def apply(document: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    """Return the registration with the terms laid over it, to be checked like any other; raises ``RegistrationRefused``.

    Scopes and grants beyond the terms are taken out, as RFC 7591 section 2 allows and the answer tells; a client of which nothing is left is
    refused by the check that follows.
    """
    kept = {
        name: value for name, value in document.items() if name.partition("#")[0] not in {*_DECIDED, *_NEVER, "sector"}
    }
    kept |= {"unit": terms.unit, "legal_basis": terms.legal_basis, "purpose": dict(terms.purpose)}
    kept["scope"] = _scope(document.get("scope"), terms)
    kept["grant_types"] = _grant_types(document.get("grant_types"), terms)
    if kept.get("client_name") is None:
        kept["client_name"] = _host(document.get("redirect_uris")) or dict(_UNNAMED)
    if kept.get("require_pkce") is None or terms.require_pkce:
        kept["require_pkce"] = terms.require_pkce or _always_needs_pkce(document)
    return kept


def _scope(given: object, terms: Terms) -> object:
    if given is None:
        return " ".join(sorted(terms.scope))
    return " ".join(word for word in given.split() if word in terms.scope) if isinstance(given, str) else given


def _grant_types(given: object, terms: Terms) -> object:
    if given is None:
        return ["authorization_code"]
    if not isinstance(given, list):
        return given
    left = [one for one in given if not isinstance(one, str) or one in terms.grant_types]
    # What renews a grant is nothing without one: the client should hear which grants it may have, not that two of its own disagree.
    if left != given and all(one == "refresh_token" for one in left):
        allowed = ", ".join(sorted(terms.grant_types))
        raise RegistrationRefused([MetadataError("grant_types", "beyond_terms", f"may hold {allowed} here")])
    return left


def _always_needs_pkce(document: Mapping[str, Any]) -> bool:
    return (
        document.get("application_type") == "native" or document.get("token_endpoint_auth_method") == NO_AUTHENTICATION
    )


def _host(redirect_uris: object) -> str | None:
    """Return where people will be sent as the name of a client without one: better than nothing, and true."""
    first = redirect_uris[0] if isinstance(redirect_uris, list) and redirect_uris else None
    try:
        parts = urlsplit(first) if isinstance(first, str) else None
    except ValueError:
        return None
    return (parts.hostname or parts.scheme or None) if parts is not None else None
