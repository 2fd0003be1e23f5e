"""Software statements (RFC 7591 section 2.3): metadata that somebody whom we know vouches for by his signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.terms import Terms
from idp.clock import Clock
from idp.errors import DomainError
from keys import compact
from keys.errors import TokenError
from keys.keyset import ClientKeySet
from keys.verifier import Expectation, verify

_REGISTERED: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
"""Claims of the statement itself (RFC 7519 section 4.1); the others are metadata."""


class StatementInvalid(DomainError):
    """``invalid_software_statement`` (RFC 7591 section 3.2.2)."""

    code = "invalid_software_statement"


class StatementUnapproved(DomainError):
    """``unapproved_software_statement`` (RFC 7591 section 3.2.2): nobody whom we know."""

    code = "unapproved_software_statement"


@dataclass(frozen=True, slots=True)
class StatementIssuer:
    """Whose statements count, by which keys, and on what terms they register clients."""

    issuer: str
    keys: ClientKeySet
    terms: Terms


@dataclass(frozen=True, slots=True)
class Statement:
    """A verified statement: the metadata that it vouches for, and its issuer's terms."""

    values: Mapping[str, Any]
    terms: Terms


class StatementReader:
    """Verifies software statements."""

    def __init__(self, issuers: tuple[StatementIssuer, ...], audience: str, clock: Clock) -> None:
        """Take the issuers that count, our own issuer (a statement may name its audience), and the clock."""
        self._issuers = {one.issuer: one for one in issuers}
        self._audience = audience
        self._clock = clock

    def read(self, statement: object) -> Statement:
        """Return the verified statement; raises ``StatementInvalid``, ``StatementUnapproved``."""
        if not isinstance(statement, str):
            raise StatementInvalid("software_statement must be a signed JWT")
        try:
            unverified = compact.parse(statement).unverified_claims
            issuer = self._issuers.get(str(unverified.get("iss", "")))
            if issuer is None:
                raise StatementUnapproved("the issuer of the software statement is not one that counts here")
            audiences = frozenset({self._audience}) if "aud" in unverified else None
            expected = Expectation(
                typs=frozenset({"", "jwt"}), issuer=issuer.issuer, audiences=audiences, required=frozenset({"iss"})
            )
            claims = verify(statement, issuer.keys, expected, self._clock.now()).claims
        except TokenError as error:
            raise StatementInvalid(f"the software statement does not hold: {error.code}") from error
        return Statement(_metadata(claims), issuer.terms)

    @staticmethod
    def kept(statement: str) -> Mapping[str, Any]:
        """Return the metadata of a statement that was verified when its client registered; an update cannot go behind it."""
        return _metadata(compact.parse(statement).unverified_claims)


def _metadata(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in claims.items() if name not in _REGISTERED}
