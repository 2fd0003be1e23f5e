"""Signed authentication requests (CIBA section 7.1.1): all parameters in one JWT of the client, and none beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from clients.model import Client
from idp.clock import Clock
from idp.protocol.client_keys import ClientKeys, KeysUnavailable
from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import REPEATABLE, is_clean, is_encodable, join
from idp.protocol.replays import Replayed, Replays
from keys.errors import TokenError
from keys.verifier import Expectation

_REQUIRED: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})
_TYPES: Final = frozenset({"", "jwt", "oauth-authz-req+jwt"})
_LONGEST_LIFE: Final = 3600
"""Seconds: the oldest ``nbf``, and the longest life after it (FAPI-CIBA section 5.2.2, FAPI 1.0 Advanced section 5.2.2)."""
_LEEWAY: Final = 10
_MAX_CHARS: Final = 16 * 1024
_MAX_JTI: Final = 128
_BESIDE: Final = frozenset({"request", "client_id", "client_secret", "client_assertion", "client_assertion_type"})
"""What may stand beside the JWT: the JWT, and the client's authentication."""
_JSON: Final = frozenset({"claims", "authorization_details"})
"""Parameters whose value is JSON, which in a JWT need not be a text (RFC 9101 section 4, RFC 9396 section 3)."""


class SignedRequests:
    """Opens them."""

    def __init__(self, keys: ClientKeys, replays: Replays, issuer: str, clock: Clock) -> None:
        """Take the keys of clients, the marks of what was used, the issuer, and the clock."""
        self._keys = keys
        self._replays = replays
        self._issuer = issuer
        self._clock = clock

    def opened(self, client: Client, parameters: Mapping[str, str]) -> Mapping[str, str]:
        """Return the parameters that count; raises ``InvalidRequest``.

        A client that registered an algorithm signs every request: whoever stole its secret alone must not get by without.
        """
        alg, token = client.backchannel_authentication_request_signing_alg, parameters.get("request")
        if alg is None and token is None:
            return parameters
        if alg is None or token is None:
            raise InvalidRequest(
                "this client is registered to sign either every request or none", reason="request_unsigned"
            )
        if beside := sorted(parameters.keys() - _BESIDE):
            raise InvalidRequest(f"{beside[0][:40]} stands beside the signed request", reason="request_beside")
        claims = self._verified(client, token, alg)
        return {name: _text(name, value) for name, value in claims.items() if name not in _REQUIRED}

    def _verified(self, client: Client, token: str, alg: str) -> Mapping[str, Any]:
        expected = Expectation(
            typs=_TYPES,
            algs=frozenset({alg}),
            issuer=client.client_id,
            audiences=frozenset({self._issuer}),
            required=_REQUIRED,
            leeway=_LEEWAY,
            max_lifetime=_LONGEST_LIFE,
        )
        try:
            claims = self._keys.verify(client, token, expected, max_chars=_MAX_CHARS).claims
        except TokenError as error:
            raise InvalidRequest("the signed request is not valid", reason=error.code) from error
        except KeysUnavailable as error:
            raise InvalidRequest("the client's keys cannot be read", reason=error.code) from error
        oldest = self._clock.now() - _LONGEST_LIFE
        if claims["nbf"] < oldest or claims["exp"] > claims["nbf"] + _LONGEST_LIFE:
            raise InvalidRequest("nbf of the signed request is too old, or exp too far from it", reason="request_old")
        jti = claims["jti"]
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI:
            raise InvalidRequest("jti of the signed request is not a short text", reason="request_jti")
        until = int(claims["exp"]) + _LEEWAY
        try:
            self._replays.claim("ciba", client.client_id, jti, int(claims["iat"]), until)
        except Replayed as error:
            raise InvalidRequest("the signed request was used before: make a new one", reason=error.reason) from error
        return claims


def _text(name: str, value: object) -> str:
    """Return a claim as the parameter that a form would have carried, with no character that a form could not."""
    if isinstance(value, str) and is_clean(value) and is_encodable(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name in _JSON and isinstance(value, dict | list):
        return _text(name, _json(name, value))
    if name in REPEATABLE and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return join(_text(name, one) for one in value)
    raise InvalidRequest(f"{name[:40]} in the signed request is no text", reason="request_claim")


def _json(name: str, value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        text = f"{name} in the signed request is not JSON in UTF-8 with numbers of 64 bits"
        raise InvalidRequest(text, reason="request_claim") from error
