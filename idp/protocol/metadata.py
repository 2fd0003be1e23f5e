"""Discovery (OpenID Connect Discovery section 3, RFC 8414) and the JWK set, as ready bytes.

The document is made from the registries that do the work, so what it announces works and what it does not announce does not answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import orjson

from clients import metadata as client_metadata
from clients.model import NO_AUTHENTICATION
from idp.errors import StorageUnavailable
from idp.protocol.authorization.parsing import DISPLAYS, PROMPTS
from idp.protocol.authorization.responses import RESPONSE_MODES
from idp.protocol.grants.frame import GrantType
from idp.protocol.wire import JSON, WireRequest, WireResponse
from keys.dpop import ALGS as DPOP_ALGS
from keys.ring import KeyRing
from keys.signer import SERVER_METADATA
from policies import assurance
from policies import claims as claim_policy
from policies.mandate_kinds import CAPACITIES

_MAX_AGE: Final = 300
_ANY_ORIGIN: Final = (("Access-Control-Allow-Origin", "*"),)
_PROTOCOL_CLAIMS: Final = (
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"),
    *("act", "on_behalf_of"),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What registries, keys and settings offer: grants, client authentication methods, signing algorithms and languages."""

    grants: Iterable[GrantType]
    auth_methods: Iterable[str]
    algorithms: Iterable[str]
    languages: Iterable[str]
    require_pushed: bool
    with_legacy: bool
    decryption: tuple[str, ...] = ()
    mtls_url: str = ""
    has_certificates: bool = False
    resources: tuple[str, ...] = ("",)


_ALWAYS: Final[Mapping[str, Any]] = {
    "claims_parameter_supported": True,
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "frontchannel_logout_supported": True,
    "frontchannel_logout_session_supported": True,
}
"""What holds in every deployment."""


def published_at(name: str, issuer: str) -> tuple[str, ...]:
    """Return the paths at which an issuer's document of a well-known name, such as ``/.well-known/x``, is served.

    The name stands before the issuer's path, if it has one (RFC 8414 section 3). It is served alone too: that is what a proxy leaves of an
    address that has it behind the path (OpenID Connect Discovery section 4).
    """
    return tuple(dict.fromkeys((name + urlsplit(issuer).path, name)))


def document(issuer: str, offer: Offer) -> dict[str, Any]:
    """Return the discovery document; each grant adds what it alone needs."""
    rows = tuple(offer.grants)
    legacy = client_metadata.LEGACY_RESPONSE_TYPES if offer.with_legacy else ()
    algs = sorted(offer.algorithms)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/end_session",
        "status_list_aggregation_endpoint": f"{issuer}/status",
        "scopes_supported": list(claim_policy.SCOPES),
        "response_types_supported": [*client_metadata.RESPONSE_TYPES, *legacy],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [*(row.name for row in rows), *((client_metadata.IMPLICIT,) if legacy else ())],
        "acr_values_supported": [assurance.LOA_1, assurance.LOA_2],
        "subject_types_supported": list(client_metadata.SUBJECT_TYPES),
        "id_token_signing_alg_values_supported": algs,
        "userinfo_signing_alg_values_supported": algs,
        **_encryption(),
        **_authentication([*offer.auth_methods]),
        **_sender_constraints(issuer, offer),
        "display_values_supported": list(DISPLAYS),
        "prompt_values_supported": list(PROMPTS),
        **_of_requests(issuer, offer),
        "claim_types_supported": ["normal"],
        "capacities_supported": list(CAPACITIES),
        "claims_supported": [*_PROTOCOL_CLAIMS, *claim_policy.CLAIMS],
        "authorization_signing_alg_values_supported": algs,
        "introspection_signing_alg_values_supported": algs,
        "ui_locales_supported": list(offer.languages),
        **_ALWAYS,
        **{name: value for row in rows for name, value in row.metadata(issuer).items()},
    }


def _of_requests(issuer: str, offer: Offer) -> dict[str, Any]:
    """Return how requests may come (RFC 9126 section 5, RFC 9101 section 10.5, RFC 9396 section 10)."""
    return {
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": offer.require_pushed,
        "authorization_details_types_supported": list(client_metadata.DETAIL_TYPES),
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "request_object_signing_alg_values_supported": sorted(client_metadata.SIGNING_ALGS),
        "request_object_encryption_alg_values_supported": list(offer.decryption),
        "request_object_encryption_enc_values_supported": list(client_metadata.ENCRYPTION_ENCS),
    }


def _encryption() -> dict[str, list[str]]:
    """Return what answers can be encrypted with (OpenID Connect Discovery section 3, RFC 9701 section 7)."""
    return {
        f"{answer}_encryption_{kind}_values_supported": list(values)
        for answer in client_metadata.ENCRYPTED_ANSWERS
        for kind, values in (("alg", client_metadata.ENCRYPTION_ALGS), ("enc", client_metadata.ENCRYPTION_ENCS))
    }


def _authentication(methods: list[str]) -> dict[str, list[str]]:
    """Return how clients prove themselves at each endpoint, and with which algorithms where they sign (RFC 8414 section 2)."""
    by_endpoint = {
        "token": methods,
        "introspection": [one for one in methods if one != NO_AUTHENTICATION],
        "revocation": methods,
    }
    found: dict[str, list[str]] = {}
    for name, offered in by_endpoint.items():
        found[f"{name}_endpoint_auth_methods_supported"] = offered
        found[f"{name}_endpoint_auth_signing_alg_values_supported"] = list(client_metadata.ASSERTION_ALGS)
    return found


MTLS_ENDPOINTS: Final = {
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "introspection_endpoint": "/introspect",
    "revocation_endpoint": "/revoke",
    "pushed_authorization_request_endpoint": "/par",
}
"""Endpoints of every deployment at which a client may show a certificate (RFC 8705 section 5); grants bring their own."""


def _sender_constraints(issuer: str, offer: Offer) -> dict[str, Any]:
    """Return how tokens are bound to their sender (RFC 9449 section 5.1, RFC 8705 sections 3.3 and 5), and for which resources of ours."""
    found: dict[str, Any] = {
        "dpop_signing_alg_values_supported": list(DPOP_ALGS),
        "tls_client_certificate_bound_access_tokens": offer.has_certificates,
        "protected_resources": [issuer + path for path in offer.resources],
    }
    if offer.mtls_url and offer.has_certificates:
        of_grants = (pair for row in offer.grants for pair in row.metadata(offer.mtls_url).items())
        aliases = {name: offer.mtls_url + path for name, path in MTLS_ENDPOINTS.items()}
        aliases |= {name: address for name, address in of_grants if name.endswith("_endpoint")}
        found["mtls_endpoint_aliases"] = aliases
    return found


class Published:
    """One cacheable JSON answer with an ETag."""

    def __init__(self, body: bytes, max_age: int) -> None:
        """Take the bytes and the cache lifetime in seconds."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        self._etag = etag
        headers = (("ETag", etag), ("Cache-Control", f"public, max-age={max_age}"), *_ANY_ORIGIN)
        self._full = WireResponse(200, JSON + headers, body)
        self._same = WireResponse(304, headers)

    def answer(self, request: WireRequest) -> WireResponse:
        """Return the document, or 304 when the asker has it; 405 for anything but GET and HEAD."""
        if request.method not in {"GET", "HEAD"}:
            return WireResponse(405, (("Allow", "GET, HEAD"),))
        return self.to(request.header("if-none-match"))

    def to(self, known: str) -> WireResponse:
        """Return the answer to a GET whose ``If-None-Match`` is ``known``; ``*`` is any document (RFC 9110 section 13.1.2)."""
        return self._same if known and (self._etag in known or known == "*") else self._full


class RingSource(Protocol):
    """Where the published keys come from."""

    def __call__(self) -> KeyRing:
        """Return a ring that is at most a second old; raises ``StorageUnavailable``."""
        ...

    def known(self) -> KeyRing | None:
        """Return the ring if the one in memory is young enough, without asking the database; else None."""
        ...


class MetadataEndpoints:
    """Discovery and JWKS."""

    def __init__(
        self,
        discovery: Callable[[KeyRing], Mapping[str, Any]],
        ring: RingSource,
        jwks_max_age: int,
    ) -> None:
        """Take the maker of the document, the source of the current ring, and the cache lifetime of the JWK set in seconds.

        The document goes out with itself as a signed JWT (RFC 8414 section 2.1), whose ``iss`` is the ``issuer`` of the document.
        """
        self._make = discovery
        self._ring = ring
        self._jwks_max_age = jwks_max_age
        self._made: tuple[int, Published, Published] | None = None
        # A process that was never asked before the database went away must be able to answer too.
        with suppress(StorageUnavailable):
            self._current()

    def discovery(self, request: WireRequest) -> WireResponse:
        """Return the discovery document."""
        return self._current()[1].answer(request)

    def jwks(self, request: WireRequest) -> WireResponse:
        """Return the JWK set."""
        return self._current()[2].answer(request)

    def ready_discovery(self, known: str) -> WireResponse | None:
        """Return the answer to a GET with this ``If-None-Match`` if nothing has to be asked for it; else None."""
        made = self._ready()
        return made[1].to(known) if made is not None else None

    def ready_jwks(self, known: str) -> WireResponse | None:
        """Return the same of the JWK set."""
        made = self._ready()
        return made[2].to(known) if made is not None else None

    def _ready(self) -> tuple[int, Published, Published] | None:
        made, ring = self._made, self._ring.known()
        return made if made is not None and ring is not None and made[0] == ring.version else None

    def _current(self) -> tuple[int, Published, Published]:
        made = self._made
        try:
            ring = self._ring()
        except StorageUnavailable:
            # What was published stays true while the database is out of reach: departments go on verifying tokens.
            if made is None:
                raise
            return made
        if made is None or made[0] != ring.version:
            document = self._make(ring)
            # RS256 gives the same bytes in every process, and so the same ETag; a moment in it would not.
            signed = ring.signer("RS256").sign({**document, "iss": document["issuer"]}, SERVER_METADATA)
            found = Published(orjson.dumps({**document, "signed_metadata": signed}), min(_MAX_AGE, self._jwks_max_age))
            made = self._made = (ring.version, found, Published(ring.jwks.body, self._jwks_max_age))
        return made
