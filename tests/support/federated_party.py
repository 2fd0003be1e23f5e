"""A department's system that is a leaf of a federation: it pushes requests, proves itself by its own keys, and asks for tokens."""

from __future__ import annotations

from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

from keys import algorithms
from keys.compact import parse
from keys.signer import Signer
from tests.support.federated_world import FederatedWorld
from tests.support.federation import RP, Entity, published
from tests.support.token_world import CHALLENGE, FORM, ISSUER, Answer

LEAF: Final = "https://motcua.example.gov.vn"
CALLBACK: Final = f"{LEAF}/cb"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NUMBERS = count(1)


class FederatedParty:
    """A leaf of a commune of ours unless ``superiors`` say otherwise."""

    def __init__(self, federated: FederatedWorld, *superiors: str, **metadata: Any) -> None:
        self.federated = federated
        private = algorithms.generate("ES256")
        self.signer = Signer("rp-1", "ES256", private)
        own = {
            "client_name": "Một cửa",
            "purpose": "Xác định người nộp hồ sơ",
            "redirect_uris": [CALLBACK],
            "scope": "openid profile identity",
            "grant_types": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_method": "private_key_jwt",
            "id_token_signed_response_alg": "ES256",
            "client_registration_types": ["automatic", "explicit"],
            "jwks": {"keys": [published(private, "rp-1")]},
            **metadata,
        }
        self.entity: Entity = federated.entity(LEAF, *superiors, **{RP: own})

    def assertion(self, signer: Signer | None = None, typ: str = "JWT", **changes: Any) -> str:
        """A client assertion."""
        now = self.federated.clock.now()
        claims = {"iss": LEAF, "sub": LEAF, "aud": ISSUER, "jti": f"j{next(_NUMBERS)}", "iat": now, "exp": now + 60}
        return (signer or self.signer).sign({**claims, **changes}, typ)

    def push(self, assertion: str | None = None, **changes: str) -> Answer:
        """Push a request; an empty value takes a parameter out."""
        form = {
            "client_id": LEAF, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid profile",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s", "nonce": "n",
            "client_assertion_type": ASSERTION, "client_assertion": assertion or self.assertion(), **changes,
        }  # fmt: skip
        return self.post("/par", {name: value for name, value in form.items() if value})

    def signed_request(self, signer: Signer | None = None, typ: str = "oauth-authz-req+jwt", **changes: Any) -> str:
        """A request object; None takes a claim out."""
        now = self.federated.clock.now()
        claims = {
            "iss": LEAF, "aud": ISSUER, "client_id": LEAF, "jti": f"r{next(_NUMBERS)}", "iat": now, "exp": now + 60,
            "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid profile", "state": "s", "nonce": "n",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", **changes,
        }  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        return (signer or self.signer).sign(kept, typ)

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Post a form."""
        return self.federated.app.call("POST", path, urlencode(form).encode(), content_type=FORM)

    def authorize(self, **parameters: str) -> Answer:
        """Open the authorization endpoint as a browser."""
        return self.federated.app.call("GET", f"/authorize?{urlencode({'client_id': LEAF, **parameters})}")

    def register(self, body: str | None = None, kind: str = "entity-statement+jwt", **changes: Any) -> Answer:
        """Register explicitly."""
        token = body if body is not None else self.entity.configuration(**{"aud": ISSUER, **changes})
        address = "/federation/register"
        return self.federated.app.call("POST", address, token.encode(), content_type=f"application/{kind}")

    def chain(self) -> list[str]:
        """The whole chain of this leaf up to our own anchor, through its only superior."""
        superior = self.entity.claims["authority_hints"][0]
        authority = self.federated.wiring.authority
        parts = [self.entity.configuration(), authority.statement(superior, LEAF)]
        if superior != ISSUER:
            parts.append(authority.statement(ISSUER, superior))
        return [part for part in (*parts, authority.configuration(ISSUER)) if part is not None]

    def reason(self, event: str) -> str:
        """The reason of the only refusal of a kind in the audit log."""
        (row,) = [one for one in self.federated.world.events(event) if one["outcome"] == "refused"]
        return str(row["reason"])

    def known(self) -> Any:
        """The client, as the registry has it now."""
        return self.federated.wiring.clients.find(LEAF)


def with_chain(token: str, chain: list[str], signer: Signer) -> str:
    """Return the token anew with a ``trust_chain`` among its claims."""
    return signer.sign({**parse(token).unverified_claims, "trust_chain": chain}, "JWT")
