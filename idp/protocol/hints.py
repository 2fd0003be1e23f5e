"""Reads ``id_token_hint``: an ID token of ours, which may have expired, and which proves a past sign-in, not a present one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clients.model import Client
from idp.protocol.errors import InvalidRequest

_MAX_HINT = 8192

VerifySigned = Callable[[str], Mapping[str, Any]]
"""Verifies the signature, type and issuer of one of our ID tokens, not its expiry; raises ``ValueError`` if any of it fails."""


@dataclass(frozen=True, slots=True)
class HintClaims:
    """What the hint proved once: subject and session at one client."""

    client_id: str
    sub: str
    sid: str | None


class HintReader:
    """Verifies hints. The person's client must be the token's audience, or the hint would let one client ask about another's session."""

    def __init__(self, verify: VerifySigned) -> None:
        """Take the verifier of our own ID tokens."""
        self._verify = verify

    def read(self, token: str) -> HintClaims:
        """Return what the hint says; raises ``InvalidRequest``."""
        if len(token) > _MAX_HINT:
            raise InvalidRequest("id_token_hint is too long", reason="id_token_hint")
        try:
            claims = self._verify(token)
        except ValueError as error:
            raise InvalidRequest("id_token_hint is not an ID token of this provider", reason="id_token_hint") from error
        audience = claims.get("aud")
        client_id = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
        if not isinstance(client_id, str) or not isinstance(claims.get("sub"), str):
            raise InvalidRequest("id_token_hint names no single client", reason="id_token_hint")
        return HintClaims(client_id, claims["sub"], claims.get("sid"))

    def for_client(self, token: str, client: Client) -> HintClaims:
        """Return what the hint says to ``client``; raises ``InvalidRequest`` when it was issued to another."""
        hint = self.read(token)
        if hint.client_id != client.client_id:
            raise InvalidRequest("id_token_hint was issued to another client", reason="id_token_hint")
        return hint
