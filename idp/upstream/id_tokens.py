"""ID tokens and logout tokens of an upstream, validated as a relying party must (OpenID Connect Core section 3.1.3.7)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.model.upstream import Departure
from idp.ports.upstreams import LogoutNotice, Once, UpstreamRefused
from idp.upstream.published import Published
from idp.upstream.setup import Setup
from keys import base64url, compact
from keys.errors import TokenError
from keys.verifier import Expectation, check_claims

_LEEWAY: Final = 60
_OLDEST: Final = 600
_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_HASHES: Final[Mapping[str, Callable[[bytes], Any]]] = {
    **dict.fromkeys(("ES256", "RS256", "PS256"), hashlib.sha256),
    "EdDSA": hashlib.sha512,
}


class IdTokens:
    """The tokens of one provider for us."""

    def __init__(self, setup: Setup, published: Published) -> None:
        """Take the setup and what the provider publishes."""
        self._setup = setup
        self._published = published
        self._is_signed = self._expectation(frozenset({"", "jwt"}))
        self._is_logout = self._expectation(frozenset({"", "jwt", "logout+jwt"}))

    def _expectation(self, typs: frozenset[str]) -> Expectation:
        settings = self._setup.settings
        return Expectation(
            typs=typs,
            algs=frozenset(settings.algorithms),
            issuer=settings.issuer,
            audiences=frozenset({settings.client_id}),
            required=frozenset({"iss", "aud", "iat", "exp"}),
            leeway=_LEEWAY,
        )

    def checked(self, token: object, departure: Departure, access_token: str) -> dict[str, Any]:
        """Return the claims of an ID token for this departure; raises ``UpstreamRefused`` that names the check."""
        if not isinstance(token, str):
            raise UpstreamRefused("id_token_missing")
        try:
            verified = self._published.verified(token, self._is_signed)
        except TokenError as error:
            raise UpstreamRefused(f"id_token_{error.code}") from error
        claims = dict(verified.claims)
        self._check_receiver(claims)
        _check_nonce(claims, departure, needed=True)
        stated = claims.get("at_hash")
        if stated is not None and not _fits(stated, access_token, verified.alg):
            raise UpstreamRefused("at_hash")
        return claims

    def unsigned_but_direct(self, token: str, departure: Departure) -> dict[str, Any]:
        """Return the claims of an ID token whose provider publishes no keys: TLS to the token endpoint vouches for it (section 3.1.3.7, 6).

        All else is checked, a nonce where it has one. Only for comparing with userinfo.
        """
        settings = self._setup.settings
        try:
            claims = compact.parse(token).unverified_claims
            expected = Expectation(
                typs=frozenset({""}),
                issuer=settings.issuer or None,
                audiences=frozenset({settings.client_id}),
                required=frozenset({"aud", "exp"}),
                leeway=_LEEWAY,
            )
            check_claims(claims, expected, self._setup.clock.now())
        except TokenError as error:
            raise UpstreamRefused(f"id_token_{error.code}") from error
        self._check_receiver(claims, needs_iat="iat" in claims)
        _check_nonce(claims, departure, needed=False)
        return claims

    def logout_notice(self, token: str, once: Once) -> LogoutNotice:
        """Return what a logout token says (OpenID Connect Back-Channel Logout section 2.6); each is taken once."""
        try:
            claims = self._published.verified(token, self._is_logout).claims
        except TokenError as error:
            raise UpstreamRefused(f"logout_token_{error.code}") from error
        self._check_receiver(claims)
        events, jti = claims.get("events"), claims.get("jti")
        if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict) or "nonce" in claims:
            raise UpstreamRefused("logout_token_event")
        sid, subject = claims.get("sid", ""), claims.get("sub", "")
        if not isinstance(sid, str) or not isinstance(subject, str) or not (sid or subject):
            raise UpstreamRefused("logout_token_subject")
        if not isinstance(jti, str) or not jti:
            raise UpstreamRefused("logout_token_jti")
        once("logout-token", jti.encode("utf-8", "surrogatepass"))
        return LogoutNotice(sid, subject)

    def _check_receiver(self, claims: Mapping[str, Any], *, needs_iat: bool = True) -> None:
        """Refuse a token that is also for somebody else, whom we do not trust, or that was made long ago."""
        client_id = self._setup.settings.client_id
        audience = claims.get("aud")
        if isinstance(audience, list) and set(audience) != {client_id}:
            raise UpstreamRefused("aud")
        if claims.get("azp", client_id) != client_id:
            raise UpstreamRefused("azp")
        if needs_iat and self._setup.clock.now() - claims["iat"] > _OLDEST:
            raise UpstreamRefused("iat")


def _check_nonce(claims: Mapping[str, Any], departure: Departure, *, needed: bool) -> None:
    nonce = claims.get("nonce")
    if nonce is None and not needed:
        return
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), departure.nonce.encode()):
        raise UpstreamRefused("nonce")


def _fits(stated: object, access_token: str, alg: str) -> bool:
    """Tell whether ``at_hash`` is the left half of the token's hash (OpenID Connect Core section 3.1.3.6)."""
    digest = _HASHES[alg](access_token.encode()).digest()
    made = base64url.encode_text(digest[: len(digest) // 2])
    return isinstance(stated, str) and hmac.compare_digest(stated.encode(), made.encode())
