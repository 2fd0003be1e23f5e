"""Where a federated client's keys stand: by value, behind ``signed_jwks_uri``, or behind ``jwks_uri`` (OpenID Federation 1.0 section 5.2.1).

A client of ours has one of them. What the chain itself vouches for counts first, then what the entity signed with its federation keys; a plain
address, which only TLS vouches for, counts last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.uris import web_fault
from idp.clock import Clock
from idp.errors import DomainError
from idp.federation.chains import TrustChain
from idp.federation.errors import ResolvedMetadataRefused
from idp.federation.statements import LEEWAY, MAX_STATEMENT
from idp.ports.fetcher import Fetcher
from keys.errors import InvalidJwk, TokenError
from keys.keyset import ClientKeySet, import_jwks
from keys.verifier import Expectation, verify

TYPE: Final = "jwk-set+jwt"
_NAMES: Final = ("jwks", "signed_jwks_uri", "jwks_uri")
_OK: Final = 200


class KeySets:
    """Settles which key set of a client counts; a signed one is fetched when the client registers, and anew with its next registration."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        """Take the guarded fetcher and the clock."""
        self._fetcher = fetcher
        self._clock = clock

    def settled(self, chain: TrustChain, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return the subject's metadata with one key set at the most; raises ``ResolvedMetadataRefused`` for a signed one that does not hold."""
        first = next((name for name in _NAMES if name in resolved), None)
        kept = {name: value for name, value in resolved.items() if name not in _NAMES or name == first}
        if first == "signed_jwks_uri":
            kept["jwks"] = self._signed(kept.pop(first), chain.subject, chain.statements[0].keys)
        return kept

    def _signed(self, uri: object, subject: str, keys: ClientKeySet) -> dict[str, Any]:
        if not isinstance(uri, str) or web_fault(uri) is not None:
            raise ResolvedMetadataRefused("signed_jwks_uri", "signed_jwks_uri must be an https address")
        expected = Expectation(
            frozenset({TYPE}),
            issuer=subject,
            required=frozenset({"iss", "sub", "keys"}),
            leeway=LEEWAY,
            needs_kid=True,
        )
        try:
            answer = self._fetcher.get(uri, f"application/{TYPE}")
            if answer.status != _OK:
                raise ResolvedMetadataRefused("signed_jwks_unreachable", f"signed_jwks_uri answered {answer.status}")
            token = answer.body.decode("ascii").strip()
            claims = verify(token, keys, expected, self._clock.now(), max_chars=MAX_STATEMENT).claims
            found = {"keys": claims["keys"]}
            import_jwks(found, lenient=True)
        except (TokenError, InvalidJwk, UnicodeDecodeError) as error:
            raise ResolvedMetadataRefused("signed_jwks_invalid", "signed_jwks_uri gives no set signed by it") from error
        except ResolvedMetadataRefused:
            raise
        except DomainError as error:
            raise ResolvedMetadataRefused("signed_jwks_unreachable", "signed_jwks_uri does not answer") from error
        if claims["sub"] != subject:
            raise ResolvedMetadataRefused("signed_jwks_invalid", "signed_jwks_uri gives the keys of somebody else")
        return found
