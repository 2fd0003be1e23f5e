"""What a client has: a key pair, its JWK, what it signs with it; and an address that publishes key sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from idp.errors import DomainError
from idp.ports.fetcher import Fetched
from keys import base64url
from keys.algorithms import ALGORITHMS, PrivateKey
from keys.jwks import export_public
from tests.support.keys import quick_generator

_GENERATE = quick_generator()


@dataclass(frozen=True)
class ClientKey:
    """One key pair of a client."""

    kid: str | None = "k1"
    alg: str = "ES256"
    private: PrivateKey = field(default_factory=lambda: _GENERATE("ES256"), repr=False)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as it is registered."""
        named = {"kid": self.kid} if self.kid else {}
        return {**export_public(self.private.public_key()), **named, "use": "sig"}

    @property
    def bare(self) -> dict[str, Any]:
        """The public key without anything beside it, as a DPoP proof carries it."""
        return export_public(self.private.public_key())

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a compact JWS; a header member of None is left out."""
        made = {"alg": self.alg, "kid": self.kid, **header}
        head = base64url.encode(orjson.dumps({name: value for name, value in made.items() if value is not None}))
        signed = head + b"." + base64url.encode(json.dumps(claims).encode())
        return (signed + b"." + base64url.encode(ALGORITHMS[self.alg].signer(self.private)(signed))).decode()


def new_key(kid: str | None = "k1", alg: str = "ES256") -> ClientKey:
    """Return a new key pair."""
    return ClientKey(kid, alg, _GENERATE(alg))


def key_set(*keys: ClientKey) -> dict[str, Any]:
    """Return a JWK set."""
    return {"keys": [key.jwk for key in keys]}


class PublishedKeys:
    """``ports.fetcher.Fetcher`` that answers with what the test publishes; counts how often it was asked."""

    def __init__(self, *keys: ClientKey, cache_control: str = "") -> None:
        """Publish ``keys``."""
        self.answer = Fetched(200, "application/json", orjson.dumps(key_set(*keys)), cache_control)
        self.asked: list[str] = []
        self.is_down = False

    def publish(self, *keys: ClientKey) -> None:
        """Publish other keys."""
        self.answer = Fetched(200, "application/json", orjson.dumps(key_set(*keys)), self.answer.cache_control)

    def get(self, url: str, accept: str) -> Fetched:
        """Answer."""
        self.asked.append(url)
        if self.is_down:
            raise DomainError("down", code="outbound_failed")
        return self.answer

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        """Nobody posts to a key set."""
        raise AssertionError(url)
