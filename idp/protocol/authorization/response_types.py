"""Response types: what an authorization response carries, one row each; those beyond ``code`` only where the operator offers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from clients.metadata import LEGACY_RESPONSE_TYPES, RESPONSE_TYPES
from clients.model import Client
from idp.protocol.authorization.responses import RESPONSE_MODES
from idp.protocol.errors import InvalidRequest, UnauthorizedClient, UnsupportedResponseType

_IN_QUERY: Final = frozenset({"query", "query.jwt"})


@dataclass(frozen=True, slots=True)
class ResponseType:
    """One response type: its name with the words in order, and which of the three things it carries."""

    name: str
    has_code: bool
    has_id_token: bool
    has_token: bool

    @property
    def is_front_channel(self) -> bool:
        """Tell whether tokens pass through the browser: never in a query (OAuth 2.0 Multiple Response Types section 5)."""
        return self.has_id_token or self.has_token

    def mode(self, asked: str | None) -> str:
        """Return the mode of the answer: what is asked if it is known and safe, the type's default otherwise; ``jwt`` becomes what it stands for."""
        default = "fragment" if self.is_front_channel else "query"
        if asked == "jwt":
            return f"{default}.jwt"
        if asked not in RESPONSE_MODES or (self.is_front_channel and asked in _IN_QUERY):
            return f"{default}.jwt" if asked is not None and asked.endswith(".jwt") else default
        return asked


def _row(name: str) -> ResponseType:
    words = name.split()
    return ResponseType(name, "code" in words, "id_token" in words, "token" in words)


CODE: Final = _row("code")
TYPES: Final[Mapping[str, ResponseType]] = MappingProxyType(
    {name: _row(name) for name in (*RESPONSE_TYPES, *LEGACY_RESPONSE_TYPES)}
)


def _ordered(asked: str) -> str:
    """Return the words in order; a space and nothing else separates them (OpenID Connect Core section 14)."""
    return " ".join(sorted(word for word in asked.split(" ") if word))


def of(parameters: Mapping[str, str]) -> ResponseType:
    """Return the type asked; ``code`` where it is missing or unknown, for the error that is to be sent."""
    asked = parameters.get("response_type", "code")
    return CODE if asked == "code" else TYPES.get(_ordered(asked), CODE)


def checked(parameters: Mapping[str, str], client: Client, *, with_legacy: bool) -> ResponseType:
    """Return the type asked after it, its mode and its nonce were checked; raises ``ProtocolError``."""
    asked = parameters.get("response_type")
    if not asked:
        raise InvalidRequest("response_type is missing", reason="response_type_missing")
    name = asked if asked == "code" else _ordered(asked)
    if name not in (TYPES if with_legacy else RESPONSE_TYPES):
        raise UnsupportedResponseType("this response_type is not offered")
    if name not in client.response_types:
        raise UnauthorizedClient("this client is not registered for this response_type")
    found, mode = TYPES[name], parameters.get("response_mode")
    if mode is not None and mode not in RESPONSE_MODES:
        raise InvalidRequest(f"response_mode must be one of {', '.join(RESPONSE_MODES)}", reason="response_mode")
    if found.is_front_channel and mode in _IN_QUERY:
        raise InvalidRequest("tokens are never sent in a query", reason="tokens_in_query")
    if found.has_id_token and "nonce" not in parameters:
        # OpenID Connect Core sections 3.2.2.1 and 3.3.2.11: nothing else ties an ID token from the browser to this request.
        raise InvalidRequest("nonce is required for this response_type", reason="nonce_missing")
    return found
