"""A registered client, frozen, with what hot paths ask of it ready to use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Any, Final

from clients import purposes as purposes_field
from clients.uris import loopback_without_port
from policies import consent as consent_policy
from policies.purposes import Purpose, together

NO_AUTHENTICATION: Final = "none"
"""The ``token_endpoint_auth_method`` of public clients (RFC 7591 section 2)."""
EXPIRED: Final = "expired"
"""The ``state`` of a client whose introduction has run out: it is served again once it is introduced anew."""
POLL: Final = "poll"
PING: Final = "ping"
"""How a CIBA client learns of an answer (CIBA Core section 5)."""
SECRET_METHODS: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})
"""The methods by which a client proves itself with a secret that we gave it."""
CERTIFICATE_METHOD: Final = "tls_client_auth"
"""The method that a name in the client's certificate decides (RFC 8705 section 2.1)."""
READABLE_SECRET_METHOD: Final = "client_secret_jwt"  # noqa: S105 - the name of a method
"""The one method for which the secret itself is needed, not its digest: it makes a MAC."""
DEFAULT_SIGNING_ALG: Final = "RS256"
"""Of ID tokens, where a registration names none (OpenID Connect Registration section 2); ES256 is cheaper."""

PROFILED_SIGNING_ALG: Final = "ES256"
"""The same for clients whose profile does not permit RS256."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One client secret: only its SHA-256 is kept.

    Moments are epoch seconds; ``expires_at`` is None for the newest. ``sealed`` is the secret itself, encrypted, and only
    there for ``READABLE_SECRET_METHOD``.
    """

    digest: bytes
    created_at: int
    expires_at: int | None = None
    sealed: bytes | None = None

    def __repr__(self) -> str:
        """Show the moments and never the digest."""
        return f"Secret(created_at={self.created_at}, expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class Client:
    """A department system.

    Field names are the registered metadata's where one exists (RFC 7591 section 2, OpenID Connect Registration section
    2). ``client_name`` and ``purpose`` are texts by language, ``vi`` always among them. ``scope`` is all that the
    client may ever ask. ``state`` is ``active``, ``suspended`` or ``removed``, and ``expired`` in the registry's answer
    once ``expires_at`` (epoch seconds; None for ever) has come. ``introduced_by`` names the source of a client that nobody
    registered here, and ``federation`` who vouches for it. ``permitted_acr_values`` are all levels that the client may ask
    for, any where empty.
    Without ``accept_trusted_devices`` a trusted browser counts for nothing there. ``capacities`` are as whom people may act there
    (``policies.mandate_kinds``); ``users`` whom the system is for. ``terms``
    (``clients.terms``) are there for a client that registered itself, ``management_digest`` is the SHA-256
    of its registration access token in hexadecimal. What was issued before ``not_before`` (epoch seconds) counts for
    nothing. ``rewritten`` are claims that rest on what people read before a moment and is no more (``clients.rewritten``), ``corrected`` the
    versions of what people read that the present one only spells otherwise, newest first (``clients.corrections``).
    ``unit`` is the code as it was at ``unit_at`` (0: when the client was made). ``version`` is the registry's
    version of the last change. The fields at the end are derived: ``consent_version`` is the version of what people read, the
    claims are bit sets over all ``purposes`` (every bit where there are none).
    """

    client_id: str
    client_name: Mapping[str, str]
    unit: str
    legal_basis: str
    purpose: Mapping[str, str]
    sector_id: str
    redirect_uris: tuple[str, ...]
    scope: frozenset[str]
    grant_types: frozenset[str]
    response_types: frozenset[str]
    token_endpoint_auth_method: str
    secrets: tuple[Secret, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    application_type: str = "web"
    subject_type: str = "pairwise"
    id_token_signed_response_alg: str = DEFAULT_SIGNING_ALG
    userinfo_signed_response_alg: str | None = None
    authorization_signed_response_alg: str = DEFAULT_SIGNING_ALG
    introspection_signed_response_alg: str = DEFAULT_SIGNING_ALG
    request_object_signing_alg: str | None = None
    request_object_encryption_alg: str | None = None
    request_object_encryption_enc: str | None = None
    require_signed_request_object: bool = False
    request_uris: tuple[str, ...] = ()
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    introspection_encrypted_response_alg: str | None = None
    introspection_encrypted_response_enc: str | None = None
    authorization_encrypted_response_alg: str | None = None
    authorization_encrypted_response_enc: str | None = None
    token_status_list: bool = False
    refresh_token_idle: int | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    permitted_acr_values: tuple[str, ...] = ()
    minimum_acr: str | None = None
    accept_trusted_devices: bool = True
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    resource_identifiers: tuple[str, ...] = ()
    allowed_resources: tuple[str, ...] = ()
    token_exchange: Mapping[str, Any] | None = None
    assertion_issuers: Mapping[str, Any] | None = None
    authorization_details_types: frozenset[str] = frozenset()
    own_authorization_details: tuple[Mapping[str, Any], ...] = ()
    capacities: frozenset[str] = frozenset({"person"})
    users: str = "everyone"
    consent: str = "ask"
    purposes: tuple[Mapping[str, Any], ...] = ()
    profile: str = "oidc"
    contacts: tuple[str, ...] = ()
    logo_uri: str | None = None
    client_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    initiate_login_uri: str | None = None
    backchannel_token_delivery_mode: str | None = None
    backchannel_client_notification_endpoint: str | None = None
    backchannel_authentication_request_signing_alg: str | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    software_id: str | None = None
    software_version: str | None = None
    software_statement: str | None = None
    sector_identifier_uri: str | None = None
    terms: Mapping[str, Any] | None = None
    management_digest: str | None = None
    not_before: int = 0
    rewritten: tuple[Mapping[str, int], ...] = ()
    corrected: tuple[str, ...] = ()
    unit_at: int = 0
    state: str = "active"
    expires_at: int | None = None
    introduced_by: str = ""
    federation: Mapping[str, Any] | None = None
    version: int = 0
    created_at: int = 0
    updated_at: int = 0
    redirect_set: frozenset[str] = field(init=False, compare=False, repr=False)
    loopback_redirects: frozenset[str] = field(init=False, compare=False, repr=False)
    purpose_list: tuple[Purpose, ...] = field(init=False, compare=False, repr=False)
    consent_version: str = field(init=False, compare=False, repr=False)
    covered_claims: int = field(init=False, compare=False, repr=False)
    asked_claims: int = field(init=False, compare=False, repr=False)
    optional_claims: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Fill what is derived, and close the texts against change: every request of the process reads them."""
        known = purposes_field.read(self.purposes)
        whole = consent_policy.text_version(self.purpose, self.legal_basis)
        loopback = (loopback_without_port(uri) for uri in self.redirect_uris if self.application_type == "native")
        for name, value in (
            ("redirect_set", frozenset(self.redirect_uris)),
            ("loopback_redirects", frozenset(uri for uri in loopback if uri is not None)),
            ("client_name", MappingProxyType(dict(self.client_name))),
            ("purpose", MappingProxyType(dict(self.purpose))),
            ("purposes", tuple(self.purposes)),
            ("purpose_list", known),
            ("covered_claims", _of(known) if known else -1),
            ("asked_claims", _of(one for one in known if not one.is_told)),
            ("optional_claims", _optional(known)),
            (
                "consent_version",
                together(known, whole) if known else whole,
            ),
        ):
            object.__setattr__(self, name, value)

    def consent_mode(self, claims: int) -> str:
        """Return ``ask`` or ``notice`` for a request of claims: each purpose by its own ground, or the registration's one mode."""
        if not self.purposes:
            return consent_policy.mode_for(self.consent, self.legal_basis)
        return "ask" if (claims or -1) & self.asked_claims else "notice"

    def still(self, claims: int, since: int) -> int:
        """Return what of claims that were agreed to at a moment (epoch seconds) may be given now, as the purposes stand."""
        for mark in self.rewritten:
            if since < mark["at"]:
                claims &= ~mark["claims"]
        return claims

    def stands(self, version: str) -> bool:
        """Tell whether what was read under a version says what is read today: it is today's, or today's only spells it otherwise."""
        return version == self.consent_version or version in self.corrected

    @property
    def is_active(self) -> bool:
        """Tell whether the client is served: neither suspended nor removed."""
        return self.state == "active"

    @property
    def is_confidential(self) -> bool:
        """Tell whether the client authenticates at the token endpoint."""
        return self.token_endpoint_auth_method != NO_AUTHENTICATION

    @property
    def has_secret(self) -> bool:
        """Tell whether the client authenticates with a secret that it was told."""
        return self.token_endpoint_auth_method in SECRET_METHODS

    def name(self, language: str) -> str:
        """Return the client's name in a language, Vietnamese where there is none."""
        return self.client_name.get(language) or self.client_name["vi"]

    def purpose_in(self, language: str) -> str:
        """Return the purpose in a language, Vietnamese where there is none."""
        return self.purpose.get(language) or self.purpose["vi"]


def _of(purposes: Iterable[Purpose]) -> int:
    return reduce(or_, (one.claims for one in purposes), 0)


def _optional(purposes: Iterable[Purpose]) -> int:
    return reduce(or_, (one.optional for one in purposes), 0)
