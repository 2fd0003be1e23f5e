"""Registration metadata: one row a field, every fault at once.

RFC 7591 section 2 and OpenID Connect Dynamic Client Registration section 2, plus the province's own fields. Discovery
announces the tuples of this module, so what is announced is what registers. Rules between fields are in
``clients.rules``; what is an operator's alone (``client_id``, ``client_secret``, ``sector``) is in ``clients.given``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from clients import (
    assertion_issuers,
    certificate_fields,
    exchange,
    fields,
    given,
    own_details,
    profiles,
    purposes,
    rules,
)
from clients.errors import MetadataError, RegistrationRefused
from clients.fields import MAX_NAME, MAX_TEXT, Fault, Faults, Parser
from clients.model import DEFAULT_SIGNING_ALG, NO_AUTHENTICATION, PING, POLL, PROFILED_SIGNING_ALG
from keys import jwe
from keys.shared_secret import ALG as SHARED_SECRET_ALG
from policies import assurance, authorization_details, claims, consent, delegation, mandate_kinds, signals

AUTH_METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    NO_AUTHENTICATION,
)
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials")
"""Those that rules between fields know by name. The provider's registry of grants says which ones it offers beside them."""
RESPONSE_TYPES: Final = ("code",)
LEGACY_RESPONSE_TYPES: Final = ("id_token", "id_token token", "code id_token", "code token", "code id_token token")
"""What an operator may offer beside ``code``: tokens go through the browser (OpenID Connect Core sections 3.2 and 3.3)."""
IMPLICIT: Final = "implicit"
"""The grant type that goes with tokens through the browser; the token endpoint knows none of it."""
SUBJECT_TYPES: Final = ("pairwise", "public")
SIGNING_ALGS: Final = ("ES256", "RS256", "PS256", "EdDSA")
DELIVERY_MODES: Final = (POLL, PING)
ENCRYPTION_ALGS: Final = jwe.ALGS
ENCRYPTION_ENCS: Final = jwe.ENCS
ENCRYPTED_ANSWERS: Final = ("id_token", "userinfo", "introspection", "authorization")
"""What may be encrypted to a client: ``<name>_encrypted_response_alg`` and ``…_enc`` (OpenID Connect Registration section 2, RFC 9701 section 6)."""
ASSERTION_ALGS: Final = (*SIGNING_ALGS, SHARED_SECRET_ALG)
APPLICATION_TYPES: Final = ("web", "native")
LEGAL_BASES: Final = consent.LEGAL_BASES
CONSENT_MODES: Final = consent.MODES
SCOPES: Final = (*claims.SCOPES, *delegation.SCOPES, *signals.SCOPES)
"""Of people's data, and of the Admin API; the latter an operator alone gives."""
ACR_VALUES: Final = assurance.LEVELS
PROFILES: Final = tuple(profiles.PROFILES)
CAPACITIES: Final = mandate_kinds.CAPACITIES
DETAIL_TYPES: Final = tuple(authorization_details.TYPES)
USERS: Final = ("everyone", "staff")
"""Whom a system is for: with ``staff`` the sign-in page of officials comes first."""
LANGUAGES: Final = ("vi", "en")

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How one field is read.

    ``default`` is used where it is absent; ``derive``, if there is one, makes the default out of the other values.
    ``is_operators`` marks what is ignored from anybody but an operator.
    """

    parse: Parser
    default: Any = None
    is_required: bool = False
    derive: Callable[[Values], Any] | None = None
    is_operators: bool = False


def _default_method(values: Values) -> str:
    """Return ``none`` for native clients, which cannot keep a secret (RFC 8252 section 8.5)."""
    return NO_AUTHENTICATION if values["application_type"] == "native" else "client_secret_basic"


def _default_alg(values: Values) -> str:
    """Return what signs for a client that names nothing: the standard's default, or what its profile permits instead."""
    algs = profiles.PROFILES[values["profile"]].algs
    return DEFAULT_SIGNING_ALG if DEFAULT_SIGNING_ALG in algs else PROFILED_SIGNING_ALG


def _default_response_types(values: Values) -> frozenset[str]:
    """Return what the grants need (RFC 7591 section 2.1)."""
    return frozenset({"code"} if "authorization_code" in values["grant_types"] else ())


def _default_enc(alg: str) -> Callable[[Values], str | None]:
    """Return the derivation of a content encryption: the specification's default where the key management is given."""
    return lambda values: ENCRYPTION_ENCS[0] if values[alg] is not None else None


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "client_name": Field(fields.translated(MAX_NAME), is_required=True),
        "unit": Field(fields.code, is_required=True),
        "legal_basis": Field(fields.choice(LEGAL_BASES), is_required=True),
        "purpose": Field(fields.translated(MAX_TEXT), is_required=True),
        "application_type": Field(fields.choice(APPLICATION_TYPES), "web"),
        "redirect_uris": Field(fields.listed(fields.raw_uri), ()),
        "post_logout_redirect_uris": Field(fields.listed(fields.raw_uri), ()),
        "backchannel_logout_uri": Field(fields.web_uri),
        "backchannel_logout_session_required": Field(fields.flag, default=False),
        "frontchannel_logout_uri": Field(fields.web_uri),
        "frontchannel_logout_session_required": Field(fields.flag, default=False),
        "grant_types": Field(fields.set_of(GRANT_TYPES, 1), frozenset({"authorization_code"})),
        "response_types": Field(
            fields.response_types((*RESPONSE_TYPES, *LEGACY_RESPONSE_TYPES)), derive=_default_response_types
        ),
        "token_endpoint_auth_method": Field(fields.choice(AUTH_METHODS), derive=_default_method),
        "scope": Field(fields.words(SCOPES), frozenset({"openid"})),
        "subject_type": Field(fields.choice(SUBJECT_TYPES), "pairwise"),
        "sector_identifier_uri": Field(fields.web_uri),
        "id_token_signed_response_alg": Field(fields.choice(SIGNING_ALGS), derive=_default_alg),
        "authorization_signed_response_alg": Field(fields.choice(SIGNING_ALGS), derive=_default_alg),
        "introspection_signed_response_alg": Field(fields.choice(SIGNING_ALGS), derive=_default_alg),
        "request_object_signing_alg": Field(fields.choice(SIGNING_ALGS)),
        "request_object_encryption_alg": Field(fields.choice(ENCRYPTION_ALGS)),
        "request_object_encryption_enc": Field(
            fields.choice(ENCRYPTION_ENCS), derive=_default_enc("request_object_encryption_alg")
        ),
        "require_signed_request_object": Field(fields.flag, default=False),
        "request_uris": Field(fields.listed(fields.object_uri), ()),
        "userinfo_signed_response_alg": Field(fields.choice(SIGNING_ALGS)),
        **{f"{answer}_encrypted_response_alg": Field(fields.choice(ENCRYPTION_ALGS)) for answer in ENCRYPTED_ANSWERS},
        **{
            f"{answer}_encrypted_response_enc": Field(
                fields.choice(ENCRYPTION_ENCS), derive=_default_enc(f"{answer}_encrypted_response_alg")
            )
            for answer in ENCRYPTED_ANSWERS
        },
        "token_status_list": Field(fields.flag, default=False),
        "refresh_token_idle": Field(fields.seconds),
        "default_max_age": Field(fields.seconds),
        "require_auth_time": Field(fields.flag, default=False),
        "default_acr_values": Field(fields.listed(fields.choice(ACR_VALUES)), ()),
        "permitted_acr_values": Field(fields.listed(fields.choice(ACR_VALUES)), ()),
        "minimum_acr": Field(fields.choice(ACR_VALUES)),
        "accept_trusted_devices": Field(fields.flag, default=True),
        "require_pkce": Field(fields.flag, default=True),
        "require_pushed_authorization_requests": Field(fields.flag, default=False),
        "resource_identifiers": Field(fields.listed(fields.resource_uri), (), is_operators=True),
        "allowed_resources": Field(fields.listed(fields.resource_uri), (), is_operators=True),
        "token_exchange": Field(exchange.parse, is_operators=True),
        "assertion_issuers": Field(assertion_issuers.parse, is_operators=True),
        "authorization_details_types": Field(fields.set_of(DETAIL_TYPES), frozenset()),
        "own_authorization_details": Field(own_details.parse, (), is_operators=True),
        "capacities": Field(fields.set_of(CAPACITIES, 1), frozenset({"person"}), is_operators=True),
        "users": Field(fields.choice(USERS), "everyone"),
        "consent": Field(fields.choice(CONSENT_MODES), "ask"),
        "purposes": Field(purposes.parse, ()),
        "profile": Field(fields.choice(PROFILES), "oidc"),
        "contacts": Field(fields.listed(fields.text(MAX_NAME)), ()),
        "logo_uri": Field(fields.web_uri),
        "client_uri": Field(fields.web_uri),
        "policy_uri": Field(fields.web_uri),
        "tos_uri": Field(fields.web_uri),
        "initiate_login_uri": Field(fields.web_uri),
        "backchannel_token_delivery_mode": Field(fields.choice(DELIVERY_MODES)),
        "backchannel_client_notification_endpoint": Field(fields.web_uri),
        "backchannel_authentication_request_signing_alg": Field(fields.choice(SIGNING_ALGS)),
        "jwks": Field(fields.jwks),
        "jwks_uri": Field(fields.web_uri),
        "token_endpoint_auth_signing_alg": Field(fields.choice(ASSERTION_ALGS)),
        "tls_client_auth_subject_dn": Field(certificate_fields.distinguished_name),
        "tls_client_auth_san_dns": Field(certificate_fields.host_name),
        "tls_client_auth_san_uri": Field(certificate_fields.certificate_uri),
        "tls_client_auth_san_ip": Field(certificate_fields.ip_text),
        "tls_client_auth_san_email": Field(certificate_fields.mailbox),
        "tls_client_certificate_bound_access_tokens": Field(fields.flag, default=False),
        "dpop_bound_access_tokens": Field(fields.flag, default=False),
        "software_id": Field(fields.text(MAX_NAME)),
        "software_version": Field(fields.text(MAX_NAME)),
    }
)
"""Every field that a registration may hold. Another one is a row here and an attribute of ``clients.model.Client``."""


_PEOPLES: Final = replace(FIELDS["scope"], parse=fields.words(claims.SCOPES))
"""The scopes of whoever is no operator."""
OPERATORS: Final = tuple(name for name, row in FIELDS.items() if row.is_operators)
"""What only an operator may give."""


@cache
def _granted(grants: tuple[str, ...]) -> Field:
    return replace(FIELDS["grant_types"], parse=fields.set_of(grants, 1))


@dataclass(frozen=True, slots=True)
class Registration:
    """Checked values by field name, every field present; and the names that were ignored (RFC 7591 section 2).

    A name that is not short plain ASCII appears as ``?``.
    """

    values: Values
    ignored: tuple[str, ...]


def parse(document: object, *, is_operator: bool = True, grants: Iterable[str] = GRANT_TYPES) -> Registration:
    """Return the checked registration; raises ``RegistrationRefused`` with every fault that was found.

    ``client_id``, ``client_secret`` and ``sector`` are an operator's to give (``clients.given``); from anybody else
    they are ignored, and named as such.
    """
    registration, faults = check(document, is_operator=is_operator, grants=grants)
    if faults:
        raise RegistrationRefused(faults)
    return registration


def check(
    document: object, *, is_operator: bool = True, grants: Iterable[str] = GRANT_TYPES
) -> tuple[Registration, list[MetadataError]]:
    """Return what could be read and every fault; with a fault the registration is of no use to anybody.

    ``grants`` names the grant types that the provider offers.
    """
    if not isinstance(document, dict):
        fault = MetadataError("document", "not_object", "must be a JSON object of metadata fields")
        return Registration({}, ()), [fault]
    folded = fields.tagged(document, "client_name", LANGUAGES)
    faults: list[MetadataError] = []
    rows = {**FIELDS, "grant_types": _granted(tuple(grants))} | ({} if is_operator else {"scope": _PEOPLES})
    read = {name: row for name, row in rows.items() if is_operator or not row.is_operators}
    values = {name: _value(name, row, folded.get(name) if name in read else None, faults) for name, row in rows.items()}
    faulty = {fault.field.partition("[")[0].partition(".")[0] for fault in faults}
    for name, row in FIELDS.items():
        if row.derive is not None and values[name] is None:
            values[name] = row.derive(values)
    faults.extend(rules.broken(values, faulty))
    known = read.keys() | (given.FIELDS if is_operator else ())
    ignored = sorted({fields.shown(name) for name in folded.keys() - known - SERVER_FIELDS})
    return Registration(MappingProxyType(values), tuple(ignored)), faults


SERVER_FIELDS: Final = frozenset(
    {
        *("client_id_issued_at", "client_secret_expires_at", "sector_id", "state", "created_at", "updated_at"),
        *("software_statement", "registration_access_token", "registration_client_uri"),
        *("expires_at", "introduced_by", "federation"),
    }
)
"""What ``clients.documents.to_metadata`` shows beside the fields: no surprise when it comes back edited."""


def _value(name: str, row: Field, given_value: object, faults: list[MetadataError]) -> Any:
    if given_value is None:  # null means absent (RFC 7592 section 2.2)
        if row.is_required:
            faults.append(MetadataError(name, "missing", "is required"))
        return row.default
    try:
        return row.parse(given_value)
    except Fault as fault:
        found: tuple[Fault, ...] = (fault,)
    except Faults as several:
        found = several.found
    faults.extend(MetadataError(f"{name}{fault.place}", fault.reason, fault.detail) for fault in found)
    return row.default
