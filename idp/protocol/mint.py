"""The single mint: every token of ours is made here, protocol claims laid on last, so that no attribute can overwrite them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Final

import orjson

from clients.model import Client
from idp import handles
from idp.clock import Clock
from idp.errors import DomainError
from idp.model.frozen import frozen
from idp.model.mandate import Acting
from idp.model.signal import QueuedSignal
from idp.protocol.encryption import Encrypt
from idp.protocol.errors import ServerError
from idp.services.sids import SessionIds
from idp.services.subjects import sector_of
from keys import base64url
from keys.ring import KeyRing
from keys.signer import ACCESS_TOKEN, ID_TOKEN, INTROSPECTION, LOGOUT_TOKEN, SECURITY_EVENT, Signer

Status = Callable[[Mapping[str, Any]], dict[str, Any] | None]
"""Returns the ``status`` claim of an access token with these claims, None for a client that did not ask for one."""
Remember = Callable[[str, bytes, Signer, int, int], None]
"""Gets an access token, its payload, its signer, the ring's version and the time in epoch seconds."""
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_HASHES: Final = {"ES256": hashlib.sha256, "RS256": hashlib.sha256, "PS256": hashlib.sha256, "EdDSA": hashlib.sha512}
_LOGOUT_LIFETIME: Final = 120
_NUMBERS: Final = frozenset({"expires_in"})
_RESPONSE_LIFETIME: Final = 600
"""Seconds for which a signed authorization response is good: the most that JARM section 2.1 recommends."""


@frozen
class Authentication:
    """What a token says of the sign-in behind it, and of the mandate that the person acts by."""

    sub: str
    session_id: str
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    acting: Acting | None = None


class Mint:
    """Makes access tokens, ID tokens and logout tokens."""

    def __init__(
        self,
        issuer: str,
        clock: Clock,
        sids: SessionIds,
        *,
        access_lifetime: int,
        id_lifetime: int,
        encrypt: Encrypt = lambda _client, _answer, jwt: jwt,
        status: Status = lambda _claims: None,
        remember: Remember = lambda *_signed: None,
    ) -> None:
        """Take the issuer, the clock, the maker of ``sid`` and lifetimes in seconds.

        ``encrypt`` seals an answer to a client that wants it, ``status`` gives an access token its place in a status list, ``remember``
        is told of every access token of a person: the next request mostly brings it back.
        """
        self._encrypt = encrypt
        self._status = status
        self._remember = remember
        self._issuer = issuer
        self._clock = clock
        self._sids = sids
        self.access_lifetime = access_lifetime
        self._id_lifetime = id_lifetime
        self._confirmation: Mapping[str, str] | None = None

    def bound_to(self, confirmation: Mapping[str, str] | None) -> Mint:
        """Return a mint whose access tokens all have this ``cnf`` (RFC 7800 section 3.1)."""
        bound = copy(self)
        bound._confirmation = confirmation  # noqa: SLF001 - a copy of our own
        return bound

    def person_token(
        self,
        ring: KeyRing,
        client_id: str,
        grant_id: str,
        scope: str,
        jti: str,
        who: Authentication,
        *,
        audience: Sequence[str] = (),
        details: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Return an access token for a person's grant (RFC 9068 section 2.2); without an ``audience`` it is for the issuer's own resources."""
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience(audience),
            "sub": who.sub,
            "client_id": client_id,
            "scope": scope,
            "iat": now,
            "exp": now + self.access_lifetime,
            "jti": jti,
            "auth_time": who.auth_time,
            "acr": who.acr,
            "amr": who.amr,
            "gid": grant_id,
        }
        if who.acting is not None:
            claims |= {**who.acting.claims, "exp": min(claims["exp"], who.acting.until)}
        if details:
            claims["authorization_details"] = list(details)
        return self._access_token(ring, claims)

    def exchanged_token(self, ring: KeyRing, origin: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
        """Return an access token made of another (RFC 8693 section 2.2.1): how the person signed in and the family stay, the rest is ``changes``.

        ``changes`` must have ``sub``, ``aud``, ``client_id``, ``scope``, ``jti`` and ``exp``.
        """
        kept = {name: origin[name] for name in ("auth_time", "acr", "amr", "gid") if name in origin}
        return self._access_token(ring, {**kept, **changes, "iss": self._issuer, "iat": self._clock.now()})

    def now(self) -> int:
        """Return the moment in which a token is made."""
        return self._clock.now()

    def lifetime_of(self, who: Authentication) -> int:
        """Return the seconds that an access token lives: no longer than the mandate that it rests on."""
        return self.access_lifetime if who.acting is None else self.lifetime_until(who.acting.until)

    def lifetime_until(self, end: int) -> int:
        """Return the seconds that an access token may live which must not outlive ``end``."""
        return min(self.access_lifetime, end - self._clock.now())

    def client_token(
        self,
        ring: KeyRing,
        client_id: str,
        scope: str,
        jti: str,
        *,
        audience: Sequence[str] = (),
        details: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Return an access token that a client got for itself: ``sub`` is the client (RFC 9068 section 2.2)."""
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience(audience),
            "sub": client_id,
            "client_id": client_id,
            "iat": now,
            "exp": now + self.access_lifetime,
            "jti": jti,
        }
        if scope:  # RFC 6749 section 3.3 knows no empty one.
            claims["scope"] = scope
        if details:
            claims["authorization_details"] = list(details)
        return self._access_token(ring, claims)

    def _access_token(self, ring: KeyRing, claims: dict[str, Any]) -> str:
        """Sign an access token, with a place in a status list where its client wants one."""
        if (status := self._status(claims)) is not None:
            claims["status"] = status
        if self._confirmation is not None:
            claims["cnf"] = self._confirmation
        payload, signer = orjson.dumps(claims), ring.signer()
        token = signer.sign_payload(payload, ACCESS_TOKEN)
        if "gid" in claims:  # What a system got for itself goes to other systems, and does not come back to ours.
            self._remember(token, payload, signer, ring.version, claims["iat"])
        return token

    def _audience(self, resources: Sequence[str]) -> str | list[str]:
        """RFC 9068 section 3: what was asked as ``resource``, one value as a string."""
        if not resources:
            return self._issuer
        return resources[0] if len(resources) == 1 else list(resources)

    def id_token(
        self,
        ring: KeyRing,
        client: Client,
        who: Authentication,
        access_token: str | None,
        nonce: str | None,
        extra: Mapping[str, object],
        *,
        code: str | None = None,
        state: str | None = None,
    ) -> str:
        """Return an ID token (OpenID Connect Core section 2); ``extra`` are released claims.

        ``code`` and ``state`` are given where the token goes through the browser beside them (section 3.3.2.11): it then vouches for them.
        """
        now, alg = self._clock.now(), client.id_token_signed_response_alg
        claims: dict[str, Any] = {
            **extra,
            "iss": self._issuer,
            "sub": who.sub,
            "aud": client.client_id,
            "exp": now + self._id_lifetime,
            "iat": now,
            "auth_time": who.auth_time,
            "acr": who.acr,
            "amr": who.amr,
            "sid": self._sids.sid(who.session_id, sector_of(client)),
        }
        beside = (("at_hash", access_token), ("c_hash", code), ("s_hash", state if code is not None else None))
        claims |= {name: half_hash(value, alg) for name, value in beside if value is not None}
        if nonce is not None:
            claims["nonce"] = nonce
        if who.acting is not None:
            claims |= {**who.acting.released, "exp": min(claims["exp"], who.acting.until)}
        return self._encrypt(client, "id_token", ring.signer(alg).sign(claims, ID_TOKEN))

    def userinfo(self, ring: KeyRing, client: Client, alg: str, claims: Mapping[str, object]) -> str:
        """Return a signed userinfo answer (OpenID Connect Core section 5.3.2)."""
        signed = ring.signer(alg).sign({**claims, "iss": self._issuer, "aud": client.client_id}, ID_TOKEN)
        return self._encrypt(client, "userinfo", signed)

    def introspection(self, ring: KeyRing, client: Client, status: Mapping[str, object]) -> str:
        """Return an introspection answer as a JWT (RFC 9701 section 5): no ``sub`` or ``exp`` outside of ``token_introspection``."""
        claims = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": self._clock.now(),
            "token_introspection": status,
        }
        signed = ring.signer(client.introspection_signed_response_alg).sign(claims, INTROSPECTION)
        return self._encrypt(client, "introspection", signed)

    def authorization_response(self, ring: KeyRing, client: Client, parameters: Mapping[str, str]) -> str:
        """Return the parameters of an authorization response as a JWT, what is a number as a number (JARM section 2.1)."""
        claims = {
            **parameters,
            **{name: int(parameters[name]) for name in _NUMBERS & parameters.keys()},
            "iss": self._issuer,
            "aud": client.client_id,
            "exp": self._clock.now() + _RESPONSE_LIFETIME,
        }
        signed = ring.signer(client.authorization_signed_response_alg).sign(claims, ID_TOKEN)
        return self._encrypt(client, "authorization", signed)

    def logout_token(self, ring: KeyRing, client: Client, sub: str, session_id: str) -> str:
        """Return a logout token (OpenID Connect Back-Channel Logout section 2.4), encrypted where ID tokens are; it never has a nonce.

        A department that wants ID tokens encrypted refuses one in clear (section 2.6). Raises ``DomainError`` where its key cannot be had now.
        """
        now = self._clock.now()
        claims = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + _LOGOUT_LIFETIME,
            "jti": handles.new_id(),
            "sub": sub,
            "sid": self._sids.sid(session_id, sector_of(client)),
            "events": {LOGOUT_EVENT: {}},
        }
        signed = ring.signer(client.id_token_signed_response_alg).sign(claims, LOGOUT_TOKEN)
        try:
            return self._encrypt(client, "id_token", signed)
        except ServerError as error:
            raise DomainError("the logout token could not be encrypted", code=error.reason) from error

    def security_event(self, ring: KeyRing, client: Client, signal: QueuedSignal) -> str:
        """Return a security event token (RFC 8417 section 2.2): no ``sub`` beside ``sub_id``, no ``exp`` (SSF section 4.1)."""
        claims = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": signal.created_at,
            "jti": signal.id,
            "txn": signal.txn or signal.id,
            "sub_id": signal.subject,
            "events": signal.events,
        }
        return ring.signer(client.id_token_signed_response_alg).sign(claims, SECURITY_EVENT)


def half_hash(value: str, alg: str) -> str:
    """Return ``at_hash``: the left half of the hash that goes with the algorithm (OpenID Connect Core section 3.1.3.6)."""
    made = _HASHES[alg](value.encode()).digest()
    return base64url.encode_text(made[: len(made) // 2])
