"""Security profiles: one switch a client (``profile``), one row of demands each; registration and the endpoints read the same row.

``oidc`` is OAuth 2.0 with RFC 9700 and OpenID Connect. ``fapi2`` is the FAPI 2.0 Security Profile (Final, February 2025), ``fapi2-message-signing``
adds FAPI 2.0 Message Signing (Final, September 2025): what was asked and answered can be proven to others later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from clients.errors import MetadataError
from keys.algorithms import NAMES

FAPI_ALGS: Final = frozenset({"PS256", "ES256", "EdDSA"})
"""FAPI 2.0 Security Profile section 5.4.1."""
_FAPI_METHODS: Final = frozenset({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile demands beyond the defaults.

    ``auth_methods`` are the permitted ones, None for all; ``asserts_to_issuer`` asks that an assertion names the issuer as its only
    audience. ``algs`` may sign whatever either side signs. ``code_lifetime`` bounds the setting,
    in seconds. ``rotates`` tells whether refresh tokens change at use.
    """

    name: str
    algs: frozenset[str] = NAMES
    auth_methods: frozenset[str] | None = None
    asserts_to_issuer: bool = False
    needs_pushed: bool = False
    needs_bound_tokens: bool = False
    needs_signed_request: bool = False
    needs_signed_response: bool = False
    bounds_request_objects: bool = False
    code_lifetime: int | None = None
    rotates: bool = True


_FAPI = {
    "algs": FAPI_ALGS,
    "auth_methods": _FAPI_METHODS,
    "asserts_to_issuer": True,
    "needs_pushed": True,
    "needs_bound_tokens": True,
    "bounds_request_objects": True,
    "code_lifetime": 60,
    "rotates": False,
}

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Profile("oidc"),
            Profile("fapi2", **_FAPI),  # type: ignore[arg-type]
            Profile("fapi2-message-signing", needs_signed_request=True, needs_signed_response=True, **_FAPI),  # type: ignore[arg-type]
        )
    }
)
"""Every profile by its name; another one is a row."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a profile demands of one metadata field: who is blamed, what would be right, and whether the values break it."""

    field: str
    detail: str
    is_broken: Callable[[Profile, Mapping[str, Any]], bool]


_ALG_FIELDS: Final = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "authorization_signed_response_alg",
    "introspection_signed_response_alg",
    "request_object_signing_alg",
    "token_endpoint_auth_signing_alg",
    "backchannel_authentication_request_signing_alg",
)


def _signs_badly(name: str) -> Callable[[Profile, Mapping[str, Any]], bool]:
    return lambda profile, values: values.get(name) is not None and values[name] not in profile.algs


def _is_open(values: Mapping[str, Any]) -> bool:
    """Tell whether an answer could travel unencrypted: FAPI 2.0 Security Profile section 5.3.2.2 lets native loopback addresses pass."""
    return values["application_type"] != "native" and any(uri.startswith("http:") for uri in values["redirect_uris"])


DEMANDS: Final = (
    Demand(
        "token_endpoint_auth_method",
        "must be private_key_jwt, tls_client_auth or self_signed_tls_client_auth for this profile",
        lambda profile, values: (
            profile.auth_methods is not None and values["token_endpoint_auth_method"] not in profile.auth_methods
        ),
    ),
    Demand(
        "require_pkce",
        "must be true for this profile",
        lambda profile, values: profile.needs_pushed and not values["require_pkce"],
    ),
    Demand(
        "response_types",
        "must be code alone for this profile",
        lambda profile, values: profile.needs_pushed and not values["response_types"] <= {"code"},
    ),
    Demand(
        "redirect_uris",
        "must be https for this profile; native clients may use loopback",
        lambda profile, values: profile.needs_pushed and _is_open(values),
    ),
    Demand(
        "jwks",
        "is required, or jwks_uri: the profile wants signed requests",
        lambda profile, values: profile.needs_signed_request and values["jwks"] is None and values["jwks_uri"] is None,
    ),
    Demand(
        "backchannel_authentication_request_signing_alg",
        "is required for CIBA: the profile wants signed requests (FAPI-CIBA section 5.2.2)",
        lambda profile, values: (
            profile.needs_signed_request
            and values.get("backchannel_token_delivery_mode") is not None
            and values.get("backchannel_authentication_request_signing_alg") is None
        ),
    ),
    *(Demand(name, "must be PS256, ES256 or EdDSA for this profile", _signs_badly(name)) for name in _ALG_FIELDS),
)
"""Every demand of a profile on a registration; another one is a row."""


def faults(values: Mapping[str, Any]) -> list[MetadataError]:
    """Return what a registration lacks for its profile (FAPI 2.0 Security Profile sections 5.3.2 and 5.4)."""
    profile = PROFILES[values["profile"]]
    return [MetadataError(one.field, "profile", one.detail) for one in DEMANDS if one.is_broken(profile, values)]
