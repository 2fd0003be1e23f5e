"""DPoP proofs as clients make them, right but for what a test changes."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from idp import handles
from keys import base64url
from keys.jwks import thumbprint
from tests.support.client_keys import ClientKey
from tests.support.token_world import ISSUER, REDIRECT, VERIFIER, Answer, Registered, TokenWorld

LEFT_OUT: Final = object()
"""A claim or header member of this value is left out."""


def jkt(key: ClientKey) -> str:
    """Return the thumbprint of a key."""
    return thumbprint(key.bare)


def ath(token: str) -> str:
    """Return the hash of an access token (RFC 9449 section 4.2)."""
    return base64url.encode_text(hashlib.sha256(token.encode()).digest())


def proof(
    world: TokenWorld,
    key: ClientKey,
    path: str = "/token",
    *,
    method: str = "POST",
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Return a proof for a request to ``path``."""
    claims = {"jti": handles.new_id(), "htm": method, "htu": ISSUER + path, "iat": world.clock.now(), **changes}
    made = {"typ": "dpop+jwt", "kid": None, "jwk": key.bare, **(header or {})}
    return key.sign(
        {name: value for name, value in claims.items() if value is not LEFT_OUT},
        **{name: None if value is LEFT_OUT else value for name, value in made.items()},
    )


def redeem(world: TokenWorld, of: Registered, code: str, dpop: str) -> Answer:
    """Redeem a code with a proof; "" for none."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return token(world, of, form, dpop)


def token(world: TokenWorld, of: Registered, form: dict[str, str], dpop: str, **environ: str) -> Answer:
    """Ask for tokens with a proof; "" for none."""
    environ = {**environ, "HTTP_DPOP": dpop}
    if of.client.is_confidential:
        return world.post("/token", form, of.basic, **environ)
    return world.post("/token", {"client_id": of.client.client_id, **form}, "", **environ)


def userinfo(world: TokenWorld, access: str, dpop: str, scheme: str = "DPoP", **environ: str) -> Answer:
    """Ask userinfo with a proof."""
    return world.get("/userinfo", f"{scheme} {access}", HTTP_DPOP=dpop, **environ)


def resource_proof(world: TokenWorld, key: ClientKey, access: str, **changes: Any) -> str:
    """Return a proof for userinfo."""
    return proof(world, key, "/userinfo", **{"method": "GET", "ath": ath(access), **changes})
