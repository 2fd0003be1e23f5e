"""Entity statements: read without belief, then verified against the keys that somebody else vouched for.

OpenID Federation 1.0 section 3. The claims of a statement are data of strangers until ``verified`` has returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.uris import web_fault
from idp.federation.entity_ids import is_entity_id
from idp.federation.errors import StatementRefused
from keys.compact import parse
from keys.errors import InvalidJwk, TokenError
from keys.keyset import ClientKeySet, import_jwks
from keys.verifier import Expectation, verify

STATEMENT: Final = "entity-statement+jwt"
MAX_STATEMENT: Final = 64 * 1024
"""Characters of one statement; the provider's own has a tenth."""
LEEWAY: Final = 60
"""Seconds by which another machine's clock may be off."""
LONGEST_LIFE: Final = 366 * 86400
_MAX_HINTS: Final = 32
_MAX_MARKS: Final = 32
_EXPECTED: Final = Expectation(
    typs=frozenset({STATEMENT}),
    required=frozenset({"iss", "sub", "iat", "exp", "jwks"}),
    leeway=LEEWAY,
    max_lifetime=LONGEST_LIFE,
)
_OF_CONFIGURATIONS: Final = frozenset(
    {"authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners"}
)
_OF_SUBORDINATES: Final = frozenset({"constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``jwks`` are the federation keys of the subject; ``token`` is the statement as it came."""

    token: str
    issuer: str
    subject: str
    expires_at: int
    keys: ClientKeySet
    claims: Mapping[str, Any]

    @property
    def is_configuration(self) -> bool:
        """Tell whether the entity speaks about itself."""
        return self.issuer == self.subject

    @property
    def hints(self) -> tuple[str, ...]:
        """Return the immediate superiors that the entity names."""
        return tuple(self.claims.get("authority_hints", ()))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata by entity type."""
        found: Mapping[str, Any] = self.claims.get("metadata", {})
        return found


def read(token: str, *, loopback: bool = False, addressed: bool = False) -> Statement:
    """Return the statement with everything checked but signature and time; raises ``StatementRefused``.

    Only to learn whose keys to ask for: nothing in it is true before ``verified``. ``addressed`` is for requests of explicit
    registration, which alone have an ``aud``.
    """
    try:
        parsed = parse(token, MAX_STATEMENT)
    except TokenError as error:
        raise StatementRefused("statement_malformed", error.reason) from error
    claims = parsed.unverified_claims
    if parsed.typ != STATEMENT:
        raise StatementRefused("statement_type", f"typ must be {STATEMENT}")
    if not parsed.kid:
        raise StatementRefused("statement_kid", "kid is missing")
    if not all(is_entity_id(claims.get(name), loopback=loopback) for name in ("iss", "sub")):
        raise StatementRefused("statement_names", "iss and sub must be entity identifiers")
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise StatementRefused("statement_time", "exp must be a number")
    statement = Statement(token, claims["iss"], claims["sub"], int(min(expires, 1 << 53)), _keys(claims), claims)
    if "aud" in claims and not addressed:
        raise StatementRefused("statement_misplaced", "aud is misplaced: only a registration is for somebody")
    _check_claims(statement, loopback=loopback)
    return statement


def verified(statement: Statement, keys: ClientKeySet, now: int) -> Statement:
    """Return the statement, signed by one of ``keys`` and in force at ``now``; raises ``StatementRefused``."""
    try:
        verify(statement.token, keys, _EXPECTED, now, max_chars=MAX_STATEMENT)
    except TokenError as error:
        raise StatementRefused(error.code, f"the statement of {statement.issuer}: {error.reason}") from error
    return statement


def _keys(claims: Mapping[str, Any]) -> ClientKeySet:
    jwks = claims.get("jwks")
    if not isinstance(jwks, dict):
        raise StatementRefused("statement_jwks", "jwks must be a JWK set")
    try:
        keys = import_jwks(jwks, lenient=True)
    except InvalidJwk as error:
        raise StatementRefused("statement_jwks", str(error)) from error
    if any(key.kid is None for key in keys.keys):
        raise StatementRefused("statement_jwks", "every federation key must have a kid")
    return keys


def _check_claims(statement: Statement, *, loopback: bool) -> None:
    """Section 3.2, steps 13 to 23: what may stand where, and in which form."""
    claims = statement.claims
    if "crit" in claims:
        # Only claims beyond the specification may be named there, and we understand none.
        raise StatementRefused("statement_crit", "crit names a claim that we do not know")
    misplaced = (_OF_SUBORDINATES if statement.is_configuration else _OF_CONFIGURATIONS) & claims.keys()
    if misplaced or "trust_anchor" in claims:
        raise StatementRefused("statement_misplaced", f"{', '.join(sorted(misplaced)) or 'trust_anchor'} is misplaced")
    for name in ("authority_hints", "trust_anchor_hints"):
        if name in claims:
            _check_hints(claims[name], name, loopback=loopback)
    _check_metadata(claims.get("metadata", {}))
    if "metadata_policy_crit" in claims and not _is_names(claims["metadata_policy_crit"]):
        raise StatementRefused("statement_policy_crit", "metadata_policy_crit must be a list of names, not empty")
    source = claims.get("source_endpoint", "https://localhost")
    if not isinstance(source, str) or web_fault(source) is not None:
        raise StatementRefused("statement_source", "source_endpoint must be an https address")
    _check_marks(claims.get("trust_marks", []))
    _check_rules_of_marks(claims, loopback=loopback)


def _check_marks(marks: Any) -> None:
    """Step 20: each mark says its type twice, outside as inside. Whether anybody believes it is another question (section 7.3)."""
    if not isinstance(marks, list) or len(marks) > _MAX_MARKS or not all(isinstance(mark, dict) for mark in marks):
        raise StatementRefused("statement_marks", "trust_marks must be a short list of objects")
    for mark in marks:
        token, kind = mark.get("trust_mark"), mark.get("trust_mark_type")
        try:
            inside = parse(token, MAX_STATEMENT).unverified_claims if isinstance(token, str) else {}
        except TokenError as error:
            raise StatementRefused("statement_marks", f"trust_marks hold what is no mark: {error.reason}") from error
        if not isinstance(kind, str) or inside.get("trust_mark_type") != kind:
            raise StatementRefused("statement_marks", "trust_mark_type is not the one of the mark beside it")


def _check_rules_of_marks(claims: Mapping[str, Any], *, loopback: bool) -> None:
    """Steps 21 and 22: who may issue a type of marks, and whose it is."""
    issuers, owners = claims.get("trust_mark_issuers", {}), claims.get("trust_mark_owners", {})
    if not isinstance(issuers, dict) or not all(
        isinstance(names, list) and all(is_entity_id(name, loopback=loopback) for name in names)
        for names in issuers.values()
    ):
        raise StatementRefused(
            "statement_mark_issuers", "trust_mark_issuers must be lists of entity identifiers by type"
        )
    if not isinstance(owners, dict) or not all(
        isinstance(owner, dict) and is_entity_id(owner.get("sub"), loopback=loopback) and _is_jwks(owner.get("jwks"))
        for owner in owners.values()
    ):
        raise StatementRefused("statement_mark_owners", "trust_mark_owners must be objects of sub and jwks by type")


def _is_jwks(value: Any) -> bool:
    try:
        return isinstance(value, dict) and bool(import_jwks(value, lenient=True))
    except InvalidJwk:
        return False


def _check_hints(hints: Any, name: str, *, loopback: bool) -> None:
    if not _is_names(hints) or len(hints) > _MAX_HINTS:
        raise StatementRefused("statement_hints", f"{name} must be a short list of names, not empty")
    if not all(is_entity_id(hint, loopback=loopback) for hint in hints):
        raise StatementRefused("statement_hints", f"{name} must hold entity identifiers")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(values, dict) for values in metadata.values()):
        raise StatementRefused("statement_metadata", "metadata must be objects by entity type")
    if any(value is None for values in metadata.values() for value in values.values()):
        raise StatementRefused("statement_metadata", "null is no metadata value")


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
