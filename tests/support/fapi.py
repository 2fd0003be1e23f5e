"""A client of a FAPI profile: it proves itself by signed assertions and its tokens by DPoP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from idp import handles
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.dpop import proof
from tests.support.token_world import ISSUER, REDIRECT, VERIFIER, Answer, Registered, TokenWorld
from tests.support.visit import asked

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class FapiParty:
    """One client with its two keys."""

    world: TokenWorld
    registered: Registered
    key: ClientKey
    possession: ClientKey = field(default_factory=lambda: new_key(None))

    @property
    def client_id(self) -> str:
        """Return its id."""
        return self.registered.client.client_id

    def authenticated(self, form: dict[str, str]) -> dict[str, str]:
        """Return a form with a fresh assertion."""
        now, me = self.world.clock.now(), self.client_id
        claims = {"iss": me, "sub": me, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": handles.new_id()}
        return {**form, "client_assertion_type": ASSERTION, "client_assertion": self.key.sign(claims)}

    def request_object(self, **changes: Any) -> str:
        """Return a signed request."""
        now = self.world.clock.now()
        own = {"iss": self.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300}
        made = {**asked(self.registered), **own, **changes}
        return self.key.sign({n: v for n, v in made.items() if v is not None}, typ="oauth-authz-req+jwt")

    def push(self, **changes: str | None) -> Answer:
        """Push a request's parameters."""
        return self.world.post("/par", self.authenticated(asked(self.registered, **changes)))

    def push_object(self, token: str) -> Answer:
        """Push a request object."""
        return self.world.post("/par", self.authenticated({"request": token}))

    def reference(self, answer: Answer) -> dict[str, str]:
        """Return the two parameters with which the browser comes."""
        assert answer.status == 201, answer.body
        return {"client_id": self.client_id, "request_uri": answer.json["request_uri"]}

    def token(self, form: dict[str, str], *, dpop: bool = True) -> Answer:
        """Ask the token endpoint."""
        proven = {"HTTP_DPOP": proof(self.world, self.possession)} if dpop else {}
        return self.world.post("/token", self.authenticated(form), **proven)

    def redeem(self, code: str, *, dpop: bool = True) -> Answer:
        """Redeem a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self.token(form, dpop=dpop)

    def refresh(self, token: str) -> Answer:
        """Present a refresh token."""
        return self.token({"grant_type": "refresh_token", "refresh_token": token})


def fapi_party(world: TokenWorld, profile: str = "fapi2", alg: str = "ES256", **metadata: Any) -> FapiParty:
    """Register a client of a profile."""
    key = new_key("k1", alg)
    own = {"profile": profile, "token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(key)}
    return FapiParty(world, world.add_client(**{**own, **metadata}), key)
