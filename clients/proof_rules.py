"""Rules on how a client proves who it is, and what its tokens are bound to."""

from __future__ import annotations

from typing import Final

from clients.model import CERTIFICATE_METHOD
from clients.rule import Rule, Values
from keys.shared_secret import ALG as SHARED_SECRET_ALG

METHOD: Final = ("token_endpoint_auth_method", "application_type")
_BY_KEY: Final = frozenset({"private_key_jwt", "self_signed_tls_client_auth"})
_CERTIFICATE_NAMES: Final = tuple(
    f"tls_client_auth_{kind}" for kind in ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
)


def _is_by_name(values: Values) -> bool:
    return bool(values["token_endpoint_auth_method"] == CERTIFICATE_METHOD)


def _names(values: Values) -> int:
    return sum(values[name] is not None for name in _CERTIFICATE_NAMES)


def _fits_method(alg: str | None, method: str) -> bool:
    if alg is None:
        return True
    return (method == "client_secret_jwt") if alg == SHARED_SECRET_ALG else (method == "private_key_jwt")


PROOF_RULES: Final = (
    Rule(
        "jwks",
        "missing",
        "is required, or jwks_uri, for this token_endpoint_auth_method",
        ("jwks", "jwks_uri", *METHOD),
        lambda values: values["token_endpoint_auth_method"] in _BY_KEY and not (values["jwks"] or values["jwks_uri"]),
    ),
    Rule(
        "tls_client_auth_subject_dn",
        "missing",
        "is required for tls_client_auth, or exactly one other tls_client_auth_* field (RFC 8705 section 2.1.2)",
        (*_CERTIFICATE_NAMES, *METHOD),
        lambda values: _is_by_name(values) and _names(values) != 1,
    ),
    Rule(
        "token_endpoint_auth_method",
        "inconsistent",
        "must be tls_client_auth where a tls_client_auth_* field is given",
        (*_CERTIFICATE_NAMES, *METHOD),
        lambda values: not _is_by_name(values) and _names(values) > 0,
    ),
    Rule(
        "token_endpoint_auth_signing_alg",
        "inconsistent",
        "must be HS256 for client_secret_jwt, another one for private_key_jwt, and left out for any other method",
        ("token_endpoint_auth_signing_alg", *METHOD),
        lambda values: (
            not _fits_method(values["token_endpoint_auth_signing_alg"], values["token_endpoint_auth_method"])
        ),
    ),
    Rule(
        "response_types",
        "bound_tokens",
        "must not hold token where access tokens are bound to a key: through the browser they cannot be",
        ("response_types", "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"),
        lambda values: (
            any("token" in one.split() for one in values["response_types"])
            and bool(values["dpop_bound_access_tokens"] or values["tls_client_certificate_bound_access_tokens"])
        ),
    ),
    Rule(
        "dpop_bound_access_tokens",
        "inconsistent",
        "must be left out where tls_client_certificate_bound_access_tokens is true: a token is bound to one key",
        ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"),
        lambda values: values["dpop_bound_access_tokens"] and values["tls_client_certificate_bound_access_tokens"],
    ),
)
"""Every rule of this kind; ``clients.rules`` has them among its own."""
