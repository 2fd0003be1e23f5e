"""``urn:ietf:params:oauth:grant-type:jwt-bearer`` (RFC 7523 section 2.1, RFC 7521 section 4.1): a JWT of somebody trusted as the grant.

Deny by default: an operator says for each client which issuers it may bring JWTs of, and for whom. For a person the assertion is no sign-in: there
is no ID token and no refresh token, nothing says how he authenticated, and nothing is released that he has not agreed to at this client before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.assertion_issuers import OF_PERSON
from clients.model import Client
from clients.profiles import PROFILES
from clients.rules import JWT_BEARER
from idp import handles
from idp.model.audit import Event
from idp.model.grant import CodePayload
from idp.ports.consents import Consent
from idp.protocol.client_keys import KeysUnavailable
from idp.protocol.errors import InvalidGrant, InvalidRequest, InvalidScope
from idp.protocol.grants.client_credentials import client_credentials
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.protocol.replays import Replayed
from keys.compact import parse
from keys.errors import TokenError
from keys.verifier import Expectation, verify
from policies import claims as claim_policy

NAME: Final = JWT_BEARER
LONGEST_LIFE: Final = 300
"""Seconds for which an assertion may live: so long its ``jti`` is remembered, and so long a stolen one is of use."""
SKEW: Final = 10
_TYPES: Final = frozenset({"", "jwt"})
_REQUIRED: Final = frozenset({"iss", "sub", "aud", "exp", "jti"})
_MAX_CHARS: Final = 8192
_MAX_JTI: Final = 256


@dataclass(frozen=True, slots=True)
class _Trusted:
    """A verified assertion and the operator's row for its issuer."""

    claims: Mapping[str, Any]
    row: Mapping[str, Any]


def jwt_bearer(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Issue a token for whom the assertion names: the client itself, or a person who agreed before."""
    trusted = _verified(request, services)
    if trusted.row["subject"] == OF_PERSON:
        return _for_person(request, services, trusted)
    if trusted.claims["sub"] != request.client.client_id:
        raise InvalidGrant("the assertion is about another client", reason="assertion_subject")
    _claim(request.client, services, trusted)
    return client_credentials(request, services)


def _verified(request: TokenRequest, services: GrantServices) -> _Trusted:
    token, client = request.parameters.get("assertion"), request.client
    if token is None:
        raise InvalidRequest("assertion is missing", reason="assertion_missing")
    try:
        issuer = parse(token, _MAX_CHARS).unverified_claims.get("iss")
        row = (client.assertion_issuers or {}).get(issuer) if isinstance(issuer, str) else None
        if row is None or not isinstance(issuer, str):
            raise InvalidGrant(
                "assertions of this issuer are not accepted from this client", reason="issuer_not_trusted"
            )
        expected = Expectation(
            typs=_TYPES,
            algs=PROFILES[client.profile].algs,
            issuer=issuer,
            audiences=frozenset({services.issuer, f"{services.issuer}/token"}),
            required=_REQUIRED,
            leeway=SKEW,
            max_lifetime=LONGEST_LIFE,
        )
        return _Trusted(_checked(token, client, services, expected, row), row)
    except TokenError as error:
        raise InvalidGrant("the assertion is not valid", reason=f"assertion_{error.code}") from error
    except KeysUnavailable as error:
        raise InvalidGrant("the client's keys cannot be fetched", reason=error.code) from error


def _checked(
    token: str, client: Client, services: GrantServices, expected: Expectation, row: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Verify with the keys of the row; without any the issuer must be the client, and its own keys count."""
    if "jwks" in row:
        keys = services.client_keys.of_issuer(f"{client.client_id} {expected.issuer}", row["jwks"])
        return verify(token, keys, expected, services.mint.now(), max_chars=_MAX_CHARS).claims
    if expected.issuer != client.client_id:
        raise InvalidGrant("no keys are registered for this issuer", reason="issuer_without_keys")
    return services.client_keys.verify(client, token, expected, max_chars=_MAX_CHARS).claims


def _claim(client: Client, services: GrantServices, trusted: _Trusted) -> None:
    """Mark the assertion as used, after everything else held (RFC 7523 section 3 point 7)."""
    claims = trusted.claims
    jti = claims["jti"]
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI:
        raise InvalidGrant("jti of the assertion must be a short text", reason="assertion_jti")
    owner, expires = f"{client.client_id}\0{claims['iss']}", int(claims["exp"])
    # Without iat it may be as old as its exp allows.
    issued = int(claims.get("iat", expires - LONGEST_LIFE))
    try:
        services.replays.claim("jwt_bearer", owner, jti, issued, expires + SKEW + 1)
    except Replayed as error:
        raise InvalidGrant("the assertion was used before: make a new one", reason=error.reason) from error


def _for_person(request: TokenRequest, services: GrantServices, trusted: _Trusted) -> dict[str, Any]:
    payload = _payload(request, services, trusted)
    _claim(request.client, services, trusted)
    jti = handles.new_id()
    versions = services.tokens.issue_absent(payload, Event.TOKEN_ASSERTION, jti=jti, case_code=request.case_code)
    if versions is None:
        raise InvalidGrant("the assertion names nobody who may be acted for", reason="account_inactive")
    ring, lifetime = services.keys_after(request.client, versions), services.mint.access_lifetime
    changes = {
        "sub": payload.sub,
        "aud": services.issuer,
        "client_id": request.client.client_id,
        "scope": payload.scope,
        "jti": jti,
        "exp": services.mint.now() + lifetime,
    }
    token = services.mint.exchanged_token(ring, {"gid": payload.grant_id}, changes)
    return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": payload.scope}


def _stands(one: Consent, client: Client) -> bool:
    """Tell whether a consent is the person's own for this client, under the text of today, and no notice where a consent is needed."""
    own = one.client_id == client.client_id and not one.mandate_id
    is_enough = one.kind == "consent" or client.consent_mode(one.claims) == "notice"
    return own and is_enough and client.stands(one.text_version)


def _payload(request: TokenRequest, services: GrantServices, trusted: _Trusted) -> CodePayload:
    """Return what may be granted: the person by the client's own name for him, the scope within what he agreed to and the row allows.

    What was agreed to for a business, or under another text, is no agreement to this: nobody is there to be asked anew.
    Somebody unknown, of another sector, or without a consent is the same refusal: a client must not find out who has an account.
    """
    client, sub = request.client, trusted.claims["sub"]
    account_id = services.subjects.account_of(sub) if isinstance(sub, str) else None
    consents = services.consents.of_account(account_id) if account_id is not None else []
    consent = next((one for one in consents if _stands(one, client)), None)
    if account_id is None or consent is None or services.subjects.subject(account_id, client) != sub:
        raise InvalidGrant("the assertion names nobody who may be acted for", reason="subject_unknown")
    most = set(trusted.row["scope"].split()) & set(consent.scope.split()) & client.scope
    asked = request.parameters.get("scope")
    scope = dict.fromkeys(asked.split(" ")) if asked else dict.fromkeys(sorted(most))
    if not scope or not scope.keys() <= most:
        raise InvalidScope("the person has not agreed to this scope", reason="scope_widened")
    return CodePayload(
        grant_id=handles.new_id(),
        client_id=client.client_id,
        account_id=account_id,
        session_id="",
        sub=str(sub),
        scope=" ".join(scope),
        claims=claim_policy.for_scopes(scope) & consent.claims,
        id_claims=0,
        nonce=None,
        challenge="",
        redirect_digest=b"",
        auth_time=0,
        acr="",
        amr=(),
        expires_at=services.mint.now() + services.mint.access_lifetime,
        issued_at=services.mint.now(),
    )
