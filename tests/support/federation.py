"""A federation that nobody here runs: entities with keys of their own, whose words a test can bend, and the network between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson

from idp.errors import DomainError
from idp.ports.fetcher import Fetched
from keys import algorithms, base64url
from keys.algorithms import PrivateKey
from keys.jwks import export_public, thumbprint
from keys.signer import Signer
from tests.support.clock import FrozenClock

STATEMENT: Final = "entity-statement+jwt"
RP: Final = "openid_relying_party"


def published(private: PrivateKey, kid: str, alg: str = "ES256") -> dict[str, Any]:
    """Return the public key as a member of a JWK set."""
    return {**export_public(private.public_key()), "kid": kid, "use": "sig", "alg": alg}


class Entity:
    """One entity: ``claims`` and ``about`` (by subject) are laid over what it would say by itself."""

    def __init__(self, entity_id: str, clock: FrozenClock, *superiors: str, **metadata: Any) -> None:
        self.entity_id = entity_id
        self.clock = clock
        self.private = algorithms.generate("ES256")
        self.kid = thumbprint(export_public(self.private.public_key()))
        self.signer = Signer(self.kid, "ES256", self.private)
        self.claims: dict[str, Any] = {"authority_hints": list(superiors)} if superiors else {}
        self.metadata = metadata
        self.about: dict[str, dict[str, Any]] = {}
        self.lifetime = 3600

    @property
    def jwks(self) -> dict[str, Any]:
        """The federation keys."""
        return {"keys": [published(self.private, self.kid)]}

    def sign(self, claims: Mapping[str, Any], typ: str = STATEMENT, signer: Signer | None = None) -> str:
        """Sign anything; None takes a claim out."""
        kept = {name: value for name, value in claims.items() if value is not None}
        return (signer or self.signer).sign(kept, typ)

    def sign_by_header(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Sign with a header that our signer would not make; None takes a member out."""
        head = {"alg": "ES256", "kid": self.kid, "typ": STATEMENT, **header}
        kept = {name: value for name, value in head.items() if value is not None}
        signed = ".".join(base64url.encode_text(orjson.dumps(part)) for part in (kept, claims))
        signature = algorithms.ALGORITHMS["ES256"].signer(self.private)(signed.encode())
        return f"{signed}.{base64url.encode_text(signature)}"

    def own(self, **changes: Any) -> dict[str, Any]:
        """The claims of its configuration."""
        now = self.clock.now()
        base = {
            "iss": self.entity_id, "sub": self.entity_id, "iat": now, "exp": now + self.lifetime, "jwks": self.jwks,
            "metadata": {"federation_entity": {"federation_fetch_endpoint": f"{self.entity_id}/fetch"}, **self.metadata},
        }  # fmt: skip
        return {**base, **self.claims, **changes}

    def configuration(self, **changes: Any) -> str:
        """Its configuration."""
        return self.sign(self.own(**changes))

    def vouches(self, other: Entity, **claims: Any) -> None:
        """Speak of another from now on."""
        self.about[other.entity_id] = {"jwks": other.jwks, **claims}

    def statement(self, subject: str, **changes: Any) -> str:
        """Its statement about a subject."""
        now = self.clock.now()
        base = {"iss": self.entity_id, "sub": subject, "iat": now, "exp": now + self.lifetime}
        return self.sign({**base, **self.about[subject], **changes})

    def page(self, url: str) -> str | None:
        """What it serves at an address of its own; None for nothing."""
        parts = urlsplit(url)
        if url == f"{self.entity_id}/.well-known/openid-federation":
            return self.configuration()
        subject = parse_qs(parts.query).get("sub", [""])[0]
        if url.startswith(f"{self.entity_id}/fetch?") and subject in self.about:
            return self.statement(subject)
        return None


class Net:
    """``ports.fetcher.Fetcher`` over entities; ``pages`` overrides an address, ``asked`` remembers them all."""

    def __init__(self, *entities: Entity) -> None:
        self.entities = list(entities)
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[str] = []

    def get(self, url: str, accept: str) -> Fetched:
        self.asked.append(url)
        if url in self.pages:
            return Fetched(*self.pages[url])
        for entity in self.entities:
            page = entity.page(url)
            if page is not None:
                return Fetched(200, f"application/{STATEMENT}", page.encode())
        if not any(url.startswith(f"{entity.entity_id}/") for entity in self.entities):
            raise DomainError("the name does not resolve", code="outbound_failed")
        return Fetched(404, "text/plain", b"")

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        self.asked.append(url)
        return Fetched(*self.pages.get(url, (404, "text/plain", b"")))
