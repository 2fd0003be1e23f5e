"""The ``scope`` parameter (RFC 6749 section 3.3): what is known of it, and what the client may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.model import Client
from idp.protocol.errors import InvalidScope
from policies import claims as claim_policy
from policies import delegation

_KNOWN: Final = frozenset((*claim_policy.SCOPES, *delegation.SCOPES))


def parse(parameters: Mapping[str, str], client: Client, *, by_code: bool) -> tuple[str, ...]:
    """Return the scopes in order, without doubles. Unknown ones are ignored, known ones that the client may not ask are refused.

    Scopes of administration pass only where the person's own browser brings a code back (``by_code``): a token that goes through the browser
    lies in its history, and a request of another device can be anybody's.
    """
    asked = tuple(dict.fromkeys(parameters.get("scope", "").split(" "))) if "scope" in parameters else ()
    known = tuple(name for name in asked if name in _KNOWN)
    if "openid" not in known:
        raise InvalidScope("scope must contain openid", reason="openid_missing")
    forbidden = [name for name in known if name not in client.scope]
    if forbidden:
        raise InvalidScope(f"this client may not ask for {' '.join(forbidden)}", reason="scope_not_registered")
    if not by_code and not delegation.SCOPES.keys().isdisjoint(known):
        raise InvalidScope("scopes of administration take the authorization code flow", reason="administration_by_code")
    return known
