"""Request objects (RFC 9101): authorization parameters in a JWT that the client signed, by value or by reference.

Unsigned ones do not pass, ever: ``none`` is on no list. What stands in the object is all that counts (section 6.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urldefrag

import orjson

from clients.model import Client
from clients.profiles import PROFILES
from idp.clock import Clock
from idp.errors import DomainError
from idp.ports.fetcher import Fetcher
from idp.protocol.client_keys import ClientKeys
from idp.protocol.errors import InvalidRequestObject, InvalidRequestUri
from idp.protocol.parameters import REPEATABLE, is_clean, is_encodable, join
from idp.protocol.replays import Replayed, Replays
from keys.errors import TokenError
from keys.verifier import Expectation, VerifiedClaims

TYPE: Final = "oauth-authz-req+jwt"
_TYPES: Final = frozenset({TYPE, "jwt", ""})
"""Section 10.8 asks for the explicit type; OpenID Connect Core section 6 knows none."""
_ACCEPT: Final = f"application/{TYPE}, application/jwt"
_OF_JWT: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
_FORBIDDEN: Final = ("request", "request_uri")
_MAX_CHARS: Final = 32_768
_MAX_MEMBERS: Final = 64
_LEEWAY: Final = 10
"""Seconds by which a client's clock may be wrong (FAPI 2.0 Security Profile section 5.3.2.1)."""
_LONGEST: Final = 3600
"""Seconds: the oldest ``nbf`` and the longest life after it (FAPI 2.0 Message Signing section 5.3.1)."""
_LONGEST_JTI: Final = 256
_OK: Final = 200


class RequestObjects:
    """Fetches, verifies and opens request objects."""

    def __init__(
        self,
        issuer: str,
        keys: ClientKeys,
        fetcher: Fetcher,
        replays: Replays,
        clock: Clock,
        decrypted: Callable[[Client, str], str],
    ) -> None:
        """Take the issuer (the audience of every object), the clients' keys, the guarded fetcher, the marks of what was used, and the clock.

        ``decrypted`` opens an encrypted object, and refuses one that is not where its client registered encryption.
        """
        self._decrypted = decrypted
        self._replays = replays
        self._issuer = issuer
        self._keys = keys
        self._fetcher = fetcher
        self._clock = clock

    def fetched(self, client: Client, uri: str) -> str:
        """Return the object at a registered address; raises ``InvalidRequestUri``.

        Only what the client registered is ever asked for, and only through the guarded fetcher: otherwise everybody could make us open any
        address (RFC 9101 section 10.4.1).
        """
        if uri not in client.request_uris:
            raise InvalidRequestUri("request_uri is not registered for this client", reason="request_uri_unregistered")
        try:
            answer = self._fetcher.get(urldefrag(uri)[0], _ACCEPT)
            text = answer.body.decode("ascii").strip()
        except (DomainError, UnicodeDecodeError) as error:
            raise InvalidRequestUri("the request object could not be fetched", reason="request_uri_failed") from error
        if answer.status != _OK:
            raise InvalidRequestUri("the request object could not be fetched", reason="request_uri_failed")
        return text

    def opened(self, client: Client, token: str) -> dict[str, str]:
        """Return the parameters in an object that the client signed for us; raises ``InvalidRequestObject``."""
        verified = self._verified(client, token)
        claims = verified.claims
        if verified.typ != TYPE and claims.get("sub") == client.client_id:
            # A client assertion has the same issuer and audience; only its subject tells it apart (section 10.8).
            raise _refused("sub must not be the client", "object_is_assertion")
        if PROFILES[client.profile].bounds_request_objects:
            self._check_age(claims)
        if client.federation is not None:
            self._check_federated(client, claims)
        if any(name in claims for name in _FORBIDDEN):
            raise _refused("an object must not hold request or request_uri (RFC 9101 section 4)", "object_nested")
        if claims.get("client_id") != client.client_id:
            # RFC 9101 sections 4, 5 and 6.3; RFC 9126 section 3 holds it against who authenticated.
            raise _refused("client_id in the object must be that of the request", "object_client_id")
        return {**_parameters(claims), "client_id": client.client_id}

    def _verified(self, client: Client, token: str) -> VerifiedClaims:
        algs = PROFILES[client.profile].algs
        if client.request_object_signing_alg is not None:
            algs &= {client.request_object_signing_alg}
        expected = Expectation(
            typs=_TYPES,
            algs=algs,
            issuer=client.client_id,
            audiences=frozenset({self._issuer}),
            required=frozenset({"iss", "aud"}),
            leeway=_LEEWAY,
        )
        try:
            # Signed within, encrypted to us without (RFC 9101 section 6.1).
            return self._keys.verify(client, self._decrypted(client, token), expected, max_chars=_MAX_CHARS)
        except TokenError as error:
            raise _refused("the request object is not valid", f"object_{error.code}") from error
        except DomainError as error:
            raise _refused("the client's keys are out of reach", error.code) from error

    def _check_federated(self, client: Client, claims: Mapping[str, Any]) -> None:
        """Check what makes an object prove who sends it: for us alone, with an end, once (OpenID Federation 1.0 section 12.1.1.1)."""
        jti, expires = claims.get("jti"), claims.get("exp")
        if claims["aud"] not in (self._issuer, [self._issuer]) or "sub" in claims:
            raise _refused("aud must be this provider alone, and sub absent", "object_not_for_us")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI or expires is None:
            raise _refused("jti and exp are required", "object_undated")
        now = self._clock.now()
        if expires > now + _LONGEST:
            raise _refused("exp is too far away", "object_too_long")
        try:
            issued = int(claims.get("iat", expires - _LONGEST))
            self._replays.claim("request_object", client.client_id, jti, issued, int(expires) + _LEEWAY + 1)
        except Replayed as error:
            raise _refused("the request object was used before: make a new one", error.reason) from error

    def _check_age(self, claims: Mapping[str, Any]) -> None:
        not_before, expires = claims.get("nbf"), claims.get("exp")
        if not_before is None or expires is None:
            raise _refused("nbf and exp are required by the client's profile", "object_undated")
        if not_before < self._clock.now() - _LONGEST or expires > not_before + _LONGEST:
            raise _refused("nbf is too old or exp too far from it", "object_too_long")


def _parameters(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the claims as the parameters that a request would have carried; JSON values where those are JSON texts."""
    named = {name: value for name, value in claims.items() if name not in _OF_JWT}
    if len(named) > _MAX_MEMBERS:
        raise _refused("the object holds too many members", "object_too_large")
    found = {name: _text(name, value) for name, value in named.items()}
    return {name: value for name, value in found.items() if value}


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif name in REPEATABLE and isinstance(value, list) and all(isinstance(one, str) for one in value):
        if not all(is_clean(one) and is_encodable(one) for one in value):
            raise _refused("a parameter holds a character that no request could", "control_character")
        return join(value)
    elif isinstance(value, dict | list):
        text = _json(value)
    else:
        raise _refused("a parameter is neither a text, a number nor JSON", "object_member")
    if not is_clean(text) or not is_encodable(text):
        raise _refused("a parameter holds a character that no request could", "control_character")
    return text


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise _refused("a parameter is not JSON in UTF-8 with numbers of 64 bits", "object_member") from error


def _refused(description: str, reason: str) -> InvalidRequestObject:
    return InvalidRequestObject(description, reason=reason)
