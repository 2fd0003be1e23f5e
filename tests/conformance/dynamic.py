"""A client that registers itself, as the dynamic plan does, and proves itself by ``private_key_jwt``."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
import requests

from tests.conformance.conftest import Deployment
from tests.conformance.suite import Suite
from tests.conformance.variants import Variant
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.rp import Attempt, RelyingParty, s256

CALLBACK: Final = "https://suite.example.vn/test/a/alias/callback"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CODE: Final = Variant("code")


class AssertingParty(RelyingParty):
    """A relying party that proves itself by whatever it registered, assertions included."""

    def __init__(self, issuer: str, client: Mapping[str, Any], registrant: Registrant) -> None:
        super().__init__(issuer, client)
        self._registrant = registrant

    def post(self, endpoint: str, **parameters: str | None) -> requests.Response:
        """POST with our credential."""
        if not str(self.client["token_endpoint_auth_method"]).endswith("_jwt"):
            return super().post(endpoint, **parameters)
        data = {name: value for name, value in parameters.items() if value is not None}
        data |= {"client_assertion_type": ASSERTION, "client_assertion": self._assertion()}
        return self.http.post(self.discovery[f"{endpoint}_endpoint"], data=data, timeout=30)

    def _assertion(self) -> str:
        now, audience = int(time.time()), self._registrant.audience or self.discovery["token_endpoint"]
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": audience, "jti": secrets.token_hex(10),
            "iat": now, "exp": now + 60,
        }  # fmt: skip
        if self.client["token_endpoint_auth_method"] == "private_key_jwt":
            return self._registrant.key.sign(claims)
        signed = b".".join(
            base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in ({"alg": "HS256"}, claims)
        )
        mac = hmac.digest(str(self.client["client_secret"]).encode(), signed, "sha256")
        return b".".join([signed, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


class Registrant:
    """Somebody with an RSA key who registers clients over HTTP."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._made: list[Mapping[str, Any]] = []
        self.key: ClientKey = new_key(None, "RS256")
        self.audience: str = ""

    def asked(self, variant: Variant = CODE, **metadata: Any) -> requests.Response:
        """Ask for a registration as the suite does; None takes a member out."""
        words = variant.words
        grants = [*(["authorization_code"] if "code" in words else []), *(["implicit"] if words != ["code"] else [])]
        document = {
            "client_name": "suite " + secrets.token_hex(5), "grant_types": grants, "response_types": [variant.response_type],
            "redirect_uris": [CALLBACK], "contacts": ["certification@oidf.org"], "jwks": key_set(self.key),
            "token_endpoint_auth_method": "private_key_jwt", **metadata,
        }  # fmt: skip
        body = {name: value for name, value in document.items() if value is not None}
        answer = requests.post(f"{self._deployment.world.issuer}/register", json=body, timeout=30)
        if answer.status_code == requests.codes.created:
            self._made.append(answer.json())
        return answer

    def suite(self, variant: Variant = CODE, **metadata: Any) -> Suite:
        """Register, and return a run of a module with the new client."""
        answer = self.asked(variant, **metadata)
        assert answer.status_code == requests.codes.created, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        client = answer.json()
        suite = Suite(self._deployment.world, variant, self._deployment.person, client)
        suite.rp = AssertingParty(self._deployment.world.issuer, client, self)
        return suite

    def pkce(self) -> dict[str, str]:
        """Return a verifier and the two parameters that it is sent by."""
        verifier = secrets.token_urlsafe(48)
        return {"verifier": verifier, "code_challenge": s256(verifier), "code_challenge_method": "S256"}

    def with_verifier(self, attempt: Attempt, pkce: Mapping[str, str]) -> Attempt:
        """Return the attempt with the verifier of ``pkce``."""
        return replace(attempt, verifier=pkce.get("verifier", ""))

    def unregister(self) -> None:
        """Take the clients away by their own tokens (RFC 7592 section 2.3)."""
        for client in self._made:
            headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
            answer = requests.delete(client["registration_client_uri"], headers=headers, timeout=30)
            assert answer.status_code == requests.codes.no_content
