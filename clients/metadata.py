"""Registration metadata: one row a field, all faults at once, and the rules between fields.

RFC 7591 section 2 and OpenID Connect Dynamic Client Registration section 2, plus the province's own fields. Discovery announces the tuples of
this module, so what is announced is what registers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients import fields, uris
from clients.errors import MetadataError, RegistrationRefused
from clients.fields import Fault, Parser
from policies import assurance, claims, consent

AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "none")
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_TYPES: Final = ("code",)
SUBJECT_TYPES: Final = ("pairwise", "public")
SIGNING_ALGS: Final = ("ES256", "RS256", "PS256", "EdDSA")
PROFILES: Final = ("oidc",)
APPLICATION_TYPES: Final = ("web", "native")


@dataclass(frozen=True, slots=True)
class Field:
    """How one field is read. ``default`` is used where it is absent; a required field has no default."""

    parse: Parser
    default: Any = None
    is_required: bool = False


FIELDS: Final[Mapping[str, Field]] = {
    "client_name": Field(fields.translated, is_required=True),
    "unit": Field(fields.text, is_required=True),
    "legal_basis": Field(fields.choice(consent.LEGAL_BASES), is_required=True),
    "purpose": Field(fields.translated, is_required=True),
    "application_type": Field(fields.choice(APPLICATION_TYPES), "web"),
    "redirect_uris": Field(fields.listed(fields.text), ()),
    "post_logout_redirect_uris": Field(fields.listed(fields.text), ()),
    "backchannel_logout_uri": Field(fields.web_uri),
    "backchannel_logout_session_required": Field(fields.flag, False),
    "grant_types": Field(fields.listed(fields.choice(GRANT_TYPES), 1), ("authorization_code",)),
    "response_types": Field(fields.listed(fields.choice(RESPONSE_TYPES)), None),
    "token_endpoint_auth_method": Field(fields.choice(AUTH_METHODS)),
    "scope": Field(fields.words(claims.SCOPES), frozenset({"openid"})),
    "subject_type": Field(fields.choice(SUBJECT_TYPES), "pairwise"),
    "id_token_signed_response_alg": Field(fields.choice(SIGNING_ALGS), "RS256"),
    "userinfo_signed_response_alg": Field(fields.choice(SIGNING_ALGS)),
    "default_max_age": Field(fields.seconds),
    "require_auth_time": Field(fields.flag, False),
    "default_acr_values": Field(fields.listed(fields.choice(assurance.LEVELS)), ()),
    "minimum_acr": Field(fields.choice(assurance.LEVELS)),
    "require_pkce": Field(fields.flag, True),
    "consent": Field(fields.choice(consent.MODES), "ask"),
    "profile": Field(fields.choice(PROFILES), "oidc"),
    "contacts": Field(fields.listed(fields.text), ()),
    "logo_uri": Field(fields.web_uri),
    "client_uri": Field(fields.web_uri),
    "policy_uri": Field(fields.web_uri),
    "tos_uri": Field(fields.web_uri),
    "initiate_login_uri": Field(fields.web_uri),
    "software_id": Field(fields.text),
    "software_version": Field(fields.text),
}
"""Every field that a registration may hold; another field is one row."""

_TAGGED: Final = {"client_name#vi": "vi", "client_name#en": "en"}
_OPERATOR_ONLY: Final = frozenset({"client_id", "client_secret", "sector"})


@dataclass(frozen=True, slots=True)
class Registration:
    """Checked values by field name, and the names of fields that were ignored because we know none of them (RFC 7591 section 2)."""

    values: Mapping[str, Any]
    ignored: tuple[str, ...]


def parse(document: Any) -> Registration:  # noqa: ANN401 - JSON from outside
    """Return the checked registration; raises ``RegistrationRefused`` with every fault that was found."""
    if not isinstance(document, dict):
        raise RegistrationRefused([MetadataError("document", "not_object", "must be a JSON object of metadata fields")])
    document = _with_tagged_names(document)
    faults: list[MetadataError] = []
    values = {name: _value(name, row, document, faults) for name, row in FIELDS.items()}
    if not faults:
        values = _completed(values)
        faults.extend(_between(values))
    if faults:
        raise RegistrationRefused(faults)
    ignored = sorted(str(name) for name in document.keys() - FIELDS.keys() - _OPERATOR_ONLY)
    return Registration(values, tuple(ignored))


def _with_tagged_names(document: dict[str, Any]) -> dict[str, Any]:
    """Fold ``client_name#vi`` and ``client_name#en`` (RFC 7591 section 2.2) into one translated field."""
    tagged = {language: document[name] for name, language in _TAGGED.items() if name in document}
    if not tagged:
        return document
    plain = document.get("client_name")
    names = {"vi": plain, **tagged} if isinstance(plain, str) else tagged
    return {**{name: value for name, value in document.items() if name not in _TAGGED}, "client_name": names}


def _value(name: str, row: Field, document: dict[str, Any], faults: list[MetadataError]) -> Any:  # noqa: ANN401 - JSON
    if document.get(name) is None:
        if row.is_required:
            faults.append(MetadataError(name, "missing", "is missing"))
        return row.default
    try:
        return row.parse(document[name])
    except Fault as fault:
        faults.append(MetadataError(name, fault.reason, fault.detail))
        return row.default


def _completed(values: dict[str, Any]) -> dict[str, Any]:
    """Fill defaults that depend on other fields: a native client is public, a code grant answers with a code."""
    native = values["application_type"] == "native"
    method = values["token_endpoint_auth_method"] or ("none" if native else "client_secret_basic")
    uses_code = "authorization_code" in values["grant_types"]
    response_types = values["response_types"]
    return {
        **values,
        "token_endpoint_auth_method": method,
        "response_types": response_types if response_types is not None else (("code",) if uses_code else ()),
    }


def _between(values: Mapping[str, Any]) -> list[MetadataError]:
    found: list[MetadataError] = []
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        for position, uri in enumerate(values[name]):
            fault = uris.redirect_fault(uri, values["application_type"])
            if fault is not None:
                found.append(MetadataError(f"{name}[{position}]", *fault))
    found.extend(MetadataError(*row) for applies, row in _rules(values) if applies)
    return found


def _rules(values: Mapping[str, Any]) -> tuple[tuple[bool, tuple[str, str, str]], ...]:
    """Return every rule between fields: whether it is broken, and the fault."""
    grants, public = values["grant_types"], values["token_endpoint_auth_method"] == "none"
    uses_code, answers = "authorization_code" in grants, "code" in values["response_types"]
    by_law = values["legal_basis"] in {"public_duty", "legal_obligation"}
    return (
        (uses_code and not values["redirect_uris"], ("redirect_uris", "missing", "is required for authorization_code")),
        (
            uses_code != answers,
            ("response_types", "inconsistent", "must hold code exactly when grant_types holds authorization_code"),
        ),
        (
            "refresh_token" in grants and not uses_code,
            ("grant_types", "inconsistent", "refresh_token needs authorization_code beside it"),
        ),
        (
            public and "client_credentials" in grants,
            ("grant_types", "public_client", "client_credentials needs a client that can keep a secret"),
        ),
        (
            public and not values["require_pkce"],
            ("require_pkce", "public_client", "may be false only for a client that can keep a secret"),
        ),
        (
            uses_code and "openid" not in values["scope"],
            ("scope", "openid_missing", "must contain openid for authorization_code"),
        ),
        (
            values["consent"] == "notice" and not by_law,
            ("consent", "no_duty", "may be notice only where legal_basis is public_duty or legal_obligation"),
        ),
    )
