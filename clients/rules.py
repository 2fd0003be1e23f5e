"""Rules between metadata fields. A rule is skipped while a field that it reads is itself at fault."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

from clients import profiles, purposes, uris
from clients.errors import MetadataError
from clients.model import NO_AUTHENTICATION, PING
from clients.proof_rules import METHOD as _METHOD
from clients.proof_rules import PROOF_RULES
from clients.rule import Rule, Values
from keys.keyset import import_jwks
from policies.purposes import BY_LAW

"""Legal bases under which a person is told and not asked (Decree 13/2023 articles 13 and 17)."""


DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CIBA: Final = "urn:openid:params:grant-type:ciba"
OF_PEOPLE: Final = frozenset({"authorization_code", DEVICE, CIBA})
"""Grants that a person answers: they need ``openid``, and a refresh token may come of them."""
_BY_BROWSER: Final = frozenset({"authorization_code", "implicit"})


def _uses_code(values: Values) -> bool:
    return "authorization_code" in values["grant_types"]


def _asks(values: Values, what: str) -> bool:
    return any(what in one.split() for one in values["response_types"])


def _is_public(values: Values) -> bool:
    return bool(values["token_endpoint_auth_method"] == NO_AUTHENTICATION)


def _asks_more_than_permitted(values: Values) -> bool:
    permitted = values["permitted_acr_values"]
    wanted = {*values["default_acr_values"], *filter(None, (values["minimum_acr"],))}
    return bool(permitted) and not wanted <= set(permitted)


def _pair_rule(alg: str, enc: str) -> Rule:
    """Return the rule of one pair: no content encryption without key management."""
    return Rule(
        enc,
        "inconsistent",
        f"must have {alg} beside it (OpenID Connect Registration section 2)",
        (alg, enc),
        lambda values: values[enc] is not None and values[alg] is None,
    )


def _encryption_rules(alg: str, enc: str) -> tuple[Rule, Rule]:
    """Return the rules of what is encrypted to a client: that of the pair, and a key to encrypt to."""
    return (
        _pair_rule(alg, enc),
        Rule(
            alg,
            "no_key",
            "needs jwks with a key for it, or jwks_uri",
            (alg, "jwks", "jwks_uri"),
            lambda values: values[alg] is not None and not _has_key(values, values[alg]),
        ),
    )


def _has_key(values: Values, alg: str) -> bool:
    if values["jwks"] is None:
        return values["jwks_uri"] is not None
    return any(alg in key.algs for key in import_jwks(values["jwks"], lenient=True).encryption)


RULES: Final = (
    Rule(
        "redirect_uris",
        "missing",
        "is required for the grant types authorization_code and implicit",
        ("redirect_uris", "grant_types"),
        lambda values: not values["redirect_uris"] and not values["grant_types"].isdisjoint(_BY_BROWSER),
    ),
    Rule(
        "response_types",
        "inconsistent",
        "must hold a type with code if grant_types holds authorization_code, else none (RFC 7591 section 2.1)",
        ("response_types", "grant_types"),
        lambda values: _uses_code(values) != _asks(values, "code"),
    ),
    Rule(
        "grant_types",
        "inconsistent",
        "must hold implicit if a response type holds id_token or token, else not (OpenID Connect Registration section 2)",
        ("response_types", "grant_types"),
        lambda values: ("implicit" in values["grant_types"]) != (_asks(values, "id_token") or _asks(values, "token")),
    ),
    Rule(
        "grant_types",
        "inconsistent",
        "refresh_token must have a grant beside it that a person answers: authorization_code, device code or CIBA",
        ("grant_types",),
        lambda values: "refresh_token" in values["grant_types"] and OF_PEOPLE.isdisjoint(values["grant_types"]),
    ),
    Rule(
        "grant_types",
        "public_client",
        "client_credentials must be left out: token_endpoint_auth_method none proves nothing (RFC 6749 section 4.4)",
        ("grant_types", *_METHOD),
        lambda values: _is_public(values) and "client_credentials" in values["grant_types"],
    ),
    Rule(
        "require_pkce",
        "public_client",
        "must be true for a client without a secret (RFC 9700 section 2.1.1)",
        ("require_pkce", *_METHOD),
        lambda values: _is_public(values) and not values["require_pkce"],
    ),
    Rule(
        "require_pkce",
        "native_client",
        "must be true for a native client: another app may catch its code (RFC 8252 section 8.1)",
        ("require_pkce", "application_type"),
        lambda values: values["application_type"] == "native" and not values["require_pkce"],
    ),
    Rule(
        "scope",
        "openid_missing",
        "must contain openid for a grant type that a person answers",
        ("scope", "grant_types"),
        lambda values: not OF_PEOPLE.isdisjoint(values["grant_types"]) and "openid" not in values["scope"],
    ),
    Rule(
        "consent",
        "no_duty",
        "must be ask, unless legal_basis is public_duty or legal_obligation",
        ("consent", "legal_basis"),
        lambda values: values["consent"] == "notice" and values["legal_basis"] not in BY_LAW,
    ),
    Rule(
        "purposes",
        "beyond_scope",
        "must name claims that the scope stands for: widen scope, or leave them out",
        ("purposes", "scope"),
        lambda values: bool(purposes.beyond(values["purposes"], values["scope"])),
    ),
    Rule(
        "permitted_acr_values",
        "inconsistent",
        "must hold the values of default_acr_values and minimum_acr",
        ("permitted_acr_values", "default_acr_values", "minimum_acr"),
        _asks_more_than_permitted,
    ),
    Rule(
        "grant_types",
        "public_client",
        "CIBA must be left out: token_endpoint_auth_method none proves nothing (CIBA Core section 7.1)",
        ("grant_types", *_METHOD),
        lambda values: _is_public(values) and CIBA in values["grant_types"],
    ),
    Rule(
        "grant_types",
        "public_client",
        "token exchange must be left out: token_endpoint_auth_method none proves nothing (RFC 8693 section 5)",
        ("grant_types", *_METHOD),
        lambda values: _is_public(values) and TOKEN_EXCHANGE in values["grant_types"],
    ),
    Rule(
        "grant_types",
        "public_client",
        "the JWT bearer grant must be left out: token_endpoint_auth_method none proves nothing (RFC 7523 section 3.1)",
        ("grant_types", *_METHOD),
        lambda values: _is_public(values) and JWT_BEARER in values["grant_types"],
    ),
    Rule(
        "backchannel_token_delivery_mode",
        "inconsistent",
        "must be there with the grant type CIBA, and only with it (CIBA Core section 4)",
        ("backchannel_token_delivery_mode", "grant_types"),
        lambda values: (CIBA in values["grant_types"]) != bool(values["backchannel_token_delivery_mode"]),
    ),
    Rule(
        "backchannel_client_notification_endpoint",
        "inconsistent",
        "must be there with the delivery mode ping, and only with it (CIBA Core section 4)",
        ("backchannel_client_notification_endpoint", "backchannel_token_delivery_mode"),
        lambda values: (
            (values["backchannel_token_delivery_mode"] == PING)
            != bool(values["backchannel_client_notification_endpoint"])
        ),
    ),
    Rule(
        "backchannel_authentication_request_signing_alg",
        "keys_missing",
        "must have jwks or jwks_uri beside it",
        ("backchannel_authentication_request_signing_alg", "jwks", "jwks_uri"),
        lambda values: (
            bool(values["backchannel_authentication_request_signing_alg"])
            and values["jwks"] is None
            and values["jwks_uri"] is None
        ),
    ),
    Rule(
        "frontchannel_logout_uri",
        "origin",
        "must have scheme, host and port of a redirect URI (OpenID Connect Front-Channel Logout section 2)",
        ("frontchannel_logout_uri", "redirect_uris"),
        lambda values: (
            values["frontchannel_logout_uri"] is not None
            and uris.origin(values["frontchannel_logout_uri"])
            not in {uris.origin(one) for one in values["redirect_uris"]}
        ),
    ),
    Rule(
        "jwks_uri",
        "inconsistent",
        "must be left out where jwks is given (RFC 7591 section 2)",
        ("jwks", "jwks_uri"),
        lambda values: values["jwks"] is not None and values["jwks_uri"] is not None,
    ),
    *PROOF_RULES,
    _pair_rule("request_object_encryption_alg", "request_object_encryption_enc"),
    *(
        rule
        for answer in ("id_token", "userinfo", "introspection", "authorization")
        for rule in _encryption_rules(f"{answer}_encrypted_response_alg", f"{answer}_encrypted_response_enc")
    ),
)
"""Every rule between fields; another rule is one row."""


def broken(values: Values, faulty: AbstractSet[str]) -> list[MetadataError]:
    """Return the faults between fields; ``faulty`` names the fields that have a fault of their own."""
    application_type = None if "application_type" in faulty else values["application_type"]
    found = _addresses("redirect_uris", uris.redirect_fault, values, application_type)
    found += _addresses("post_logout_redirect_uris", uris.return_fault, values, application_type)
    if not faulty:
        found += profiles.faults(values)
    applicable = (rule for rule in RULES if faulty.isdisjoint(rule.reads))
    found.extend(MetadataError(rule.field, rule.reason, rule.detail) for rule in applicable if rule.is_broken(values))
    return found


def _addresses(
    name: str, check: Callable[[str, str | None], uris.Fault | None], values: Values, application_type: str | None
) -> list[MetadataError]:
    faults = ((position, check(uri, application_type)) for position, uri in enumerate(values[name]))
    return [MetadataError(f"{name}[{position}]", *fault) for position, fault in faults if fault is not None]
