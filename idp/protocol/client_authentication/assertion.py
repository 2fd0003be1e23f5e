"""``private_key_jwt`` and ``client_secret_jwt`` (RFC 7523 sections 2.2 and 3, OpenID Connect Core section 9).

The assertion names its client itself; what it says is believed only after its signature was checked, and its ``jti`` is marked as used
only after everything else held, so that a stranger cannot use it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.model import Client
from clients.profiles import PROFILES
from idp.protocol.client_authentication.frame import Credential, Shape, Tools, Used
from idp.protocol.client_keys import KeysUnavailable
from idp.protocol.errors import CLIENT_UNPROVEN, InvalidClient
from idp.protocol.wire import WireRequest
from keys.compact import parse
from keys.errors import TokenError
from keys.shared_secret import ALG as SHARED_SECRET_ALG
from keys.shared_secret import verify_shared
from keys.verifier import Expectation

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW: Final = 15
"""Seconds by which a client's clock may be off; FAPI 2.0 section 5.3.2.1 wants 10 accepted and 60 refused."""
LONGEST_LIFE: Final = 3600
"""Seconds for which an assertion may live: for so long its ``jti`` has to be remembered."""
_TYPS: Final = frozenset({"", "jwt", "client-authentication+jwt"})
_REQUIRED: Final = frozenset({"iss", "sub", "aud", "exp", "jti"})
_LONGEST_JTI: Final = 256
_PUSHES: Final = "/par"
MAX_ASSERTION: Final = 48 * 1024
"""Characters of an assertion: a federated client's may hold its whole trust chain (OpenID Federation 1.0 section 4.3)."""
_ANY_ALG: Final = Expectation(typs=_TYPS, required=_REQUIRED, leeway=SKEW, max_lifetime=LONGEST_LIFE)


def by_assertion(_request: WireRequest, parameters: Mapping[str, str]) -> Credential | None:
    """Read ``client_assertion``; the client is the one that its ``sub`` claims to be."""
    if "client_assertion" not in parameters and "client_assertion_type" not in parameters:
        return None
    if parameters.get("client_assertion_type") != TYPE:
        raise InvalidClient("client_assertion_type is not the one for JWTs", reason="assertion_type")
    token = parameters.get("client_assertion", "")
    try:
        subject = parse(token, MAX_ASSERTION).unverified_claims.get("sub")
    except TokenError as error:
        raise InvalidClient("the client assertion cannot be read", reason=error.code) from error
    if not isinstance(subject, str) or not subject:
        raise InvalidClient("the client assertion has no sub", reason="assertion_subject")
    return Credential(Shape.ASSERTION, subject, token)


def prove_private_key(credential: Credential, client: Client, request: WireRequest, tools: Tools) -> Used | None:
    """Check an assertion signed by one of the client's keys."""
    algs = PROFILES[client.profile].algs
    if client.token_endpoint_auth_signing_alg is not None:
        algs &= {client.token_endpoint_auth_signing_alg}
    if not algs:
        raise InvalidClient(CLIENT_UNPROVEN, reason="token_algorithm_refused")
    expected = Expectation(
        typs=_TYPS,
        algs=algs,
        issuer=client.client_id,
        required=_REQUIRED,
        leeway=SKEW,
        max_lifetime=LONGEST_LIFE,
    )
    try:
        claims = tools.keys.verify(client, credential.value, expected, max_chars=MAX_ASSERTION).claims
    except TokenError as error:
        raise InvalidClient(CLIENT_UNPROVEN, reason=error.code) from error
    except KeysUnavailable as error:
        raise InvalidClient("the client's keys cannot be fetched", reason=error.code) from error
    return _accepted(claims, client, request, tools)


def prove_shared_secret(credential: Credential, client: Client, request: WireRequest, tools: Tools) -> Used | None:
    """Check an assertion with the MAC of one of the client's live secrets."""
    now = tools.clock.now()
    if client.token_endpoint_auth_signing_alg not in {None, SHARED_SECRET_ALG}:
        raise InvalidClient(CLIENT_UNPROVEN, reason="token_algorithm_refused")
    live = (one for one in client.secrets if one.expires_at is None or now < one.expires_at)
    keys = [key for one in live if (key := tools.readable(client.client_id, one)) is not None]
    try:
        claims = verify_shared(credential.value, keys, _ANY_ALG, now)
    except TokenError as error:
        raise InvalidClient(CLIENT_UNPROVEN, reason=error.code) from error
    return _accepted(claims, client, request, tools)


def _accepted(claims: Mapping[str, Any], client: Client, request: WireRequest, tools: Tools) -> Used:
    """Check who it is from and for, after the signature; ``iss`` and ``sub`` are the client (RFC 7523 section 3)."""
    if claims["iss"] != client.client_id or claims["sub"] != client.client_id:
        raise InvalidClient(CLIENT_UNPROVEN, reason="token_issuer_refused")
    if not _is_for_us(claims["aud"], client, request, tools):
        raise InvalidClient("the client assertion is not for this provider", reason="token_audience_refused")
    jti = claims["jti"]
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise InvalidClient("the client assertion's jti must be a short text", reason="assertion_jti")
    expires = int(claims["exp"])
    # Without iat: it cannot have been used before its end came within what we accept.
    issued = int(claims.get("iat", expires - LONGEST_LIFE))
    return Used(jti, issued, expires + SKEW + 1)


def _is_for_us(audience: object, client: Client, request: WireRequest, tools: Tools) -> bool:
    """Tell whether ``aud`` names this provider.

    For FAPI clients it is the issuer as the only value: an assertion that names several, or an endpoint that another server chose, could be
    presented elsewhere (FAPI 2.0 Security Profile section 5.3.2.1); so it is where a federated client pushes (OpenID Federation 1.0 section
    12.1.1.2), and elsewhere it names one place, as a text. For others also the token endpoint and the endpoint called (RFC 7523 section 3,
    RFC 9126 section 2).
    """
    is_federated = client.federation is not None
    if PROFILES[client.profile].asserts_to_issuer or (is_federated and request.path == _PUSHES):
        return audience == tools.bases[0]
    if is_federated and not isinstance(audience, str):
        return False
    named = audience if isinstance(audience, list) else [audience]
    ours = {tools.bases[0], *(base + path for base in tools.bases for path in ("/token", request.path))}
    return any(isinstance(one, str) and one in ours for one in named)
