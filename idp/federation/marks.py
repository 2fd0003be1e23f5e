"""Trust marks: signed statements that an entity meets something, with an end, and a place where their status is told.

OpenID Federation 1.0 section 7. Ours are signed from their rows; others' are believed if the anchor lets their issuer issue them (and, where the
anchor names an owner, if the owner delegated that), and if their issuer says that they are active.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from idp.clock import Clock
from idp.errors import DomainError, NotFound
from idp.federation.chains import TrustChain
from idp.federation.collecting import ChainFinder
from idp.federation.entity_keys import EntityKeys
from idp.federation.errors import StatementRefused
from idp.federation.statements import LEEWAY, MAX_STATEMENT
from idp.ports.federation import FederationStore, IssuedMark
from idp.ports.fetcher import Fetcher
from keys.compact import parse
from keys.errors import InvalidJwk, TokenError, TokenExpired
from keys.keyset import import_jwks
from keys.verifier import Expectation, KeySource, verify
from policies.federation.constraints import ALWAYS_ALLOWED

MARK: Final = "trust-mark+jwt"
STATUS: Final = "trust-mark-status-response+jwt"
DELEGATION: Final = "trust-mark-delegation+jwt"
NEVER: Final = 1 << 53
_FORM: Final = "application/x-www-form-urlencoded"
_REQUIRED: Final = frozenset({"iss", "sub", "iat", "trust_mark_type"})


class OwnMarks:
    """The province's own marks."""

    def __init__(self, issuer: str, keys: EntityKeys, store: FederationStore, clock: Clock) -> None:
        """Take our entity identifier and collaborators."""
        self.issuer = issuer
        self._keys = keys
        self._store = store
        self._clock = clock

    def token(self, mark: IssuedMark) -> str:
        """Return the mark as a JWT (section 7.1)."""
        claims = {
            "iss": self.issuer,
            "sub": mark.subject,
            "iat": mark.issued_at,
            "exp": mark.expires_at,
            "jti": mark.id,
            "trust_mark_type": mark.mark_type,
        }
        return self._keys.sign(claims, MARK)

    def active(self, mark_type: str, subject: str | None = None) -> list[IssuedMark]:
        """Return the marks of a type that are in force."""
        now = self._clock.now()
        return [mark for mark in self._store.marks(mark_type, subject) if mark.is_active(now)]

    def holders(self) -> frozenset[str]:
        """Return the entities that hold any mark of ours."""
        now = self._clock.now()
        return frozenset(mark.subject for mark in self._store.marks() if mark.is_active(now))

    def status(self, token: str) -> str:
        """Return ``active``, ``expired``, ``revoked`` or ``invalid``; raises ``NotFound`` for one that we never issued (section 8.4.2)."""
        try:
            claims = parse(token, MAX_STATEMENT).unverified_claims
        except TokenError as error:
            raise NotFound("this is no trust mark") from error
        mark_id = claims.get("jti")
        row = self._store.mark(mark_id) if isinstance(mark_id, str) and claims.get("iss") == self.issuer else None
        if row is None:
            raise NotFound("we never issued this trust mark")
        try:
            claims = dict(verify(token, self._keys.ring, _expected(self.issuer), self._clock.now()).claims)
        except TokenExpired:
            return "revoked" if row.revoked_at is not None else "expired"
        except TokenError:
            return "invalid"
        if (claims["sub"], claims["trust_mark_type"]) != (row.subject, row.mark_type):
            return "invalid"
        if row.revoked_at is not None:
            return "revoked"
        return "active" if row.is_active(self._clock.now()) else "expired"

    def signed_status(self, token: str) -> str:
        """Return the status as a JWT; raises ``NotFound``."""
        claims = {"iss": self.issuer, "iat": self._clock.now(), "trust_mark": token, "status": self.status(token)}
        return self._keys.sign(claims, STATUS)


class MarkVerifier:
    """Decides which of an entity's marks count (section 7.3)."""

    def __init__(self, own: OwnMarks, finder: ChainFinder, fetcher: Fetcher, clock: Clock) -> None:
        """Take our own marks, the finder of chains, the guarded fetcher and the clock."""
        self._own = own
        self._finder = finder
        self._fetcher = fetcher
        self._clock = clock

    def valid(self, chain: TrustChain) -> list[dict[str, str]]:
        """Return the marks of the chain's subject that count, as they stood in its configuration."""
        rules = self._rules(chain)
        offered: Iterable[Any] = chain.statements[0].claims.get("trust_marks", ())
        return [dict(mark) for mark in offered if self._counts(mark, chain, rules)]

    def _rules(self, chain: TrustChain) -> Mapping[str, Any]:
        """Return the anchor's configuration: it alone says who may issue what."""
        last = chain.statements[-1]
        return (last if last.is_configuration else self._finder.find(chain.anchor).statements[0]).claims

    def _counts(self, mark: Mapping[str, Any], chain: TrustChain, rules: Mapping[str, Any]) -> bool:
        token, kind = mark.get("trust_mark"), mark.get("trust_mark_type")
        if not isinstance(token, str) or not isinstance(kind, str):
            return False
        try:
            unverified = parse(token, MAX_STATEMENT).unverified_claims
            issuer = str(unverified.get("iss"))
            if unverified.get("sub") != chain.subject or unverified.get("trust_mark_type") != kind:
                return False
            if not _may_issue(issuer, kind, rules):
                return False
            if issuer == self._own.issuer:
                return self._own.status(token) == "active"
            return self._is_active_elsewhere(token, issuer, kind, chain.anchor, rules)
        except (TokenError, DomainError, InvalidJwk):
            # Whatever goes wrong on the way: an unproven mark is no mark.
            return False

    def _is_active_elsewhere(self, token: str, issuer: str, kind: str, anchor: str, rules: Mapping[str, Any]) -> bool:
        chain, now = self._finder.find(issuer, (anchor,)), self._clock.now()
        keys = chain.statements[0].keys
        claims = verify(token, keys, _expected(issuer), now, max_chars=MAX_STATEMENT).claims
        owners = rules.get("trust_mark_owners", {})
        if kind in owners or "delegation" in claims:
            # A delegation that nobody's keys could prove is a false one (section 7.3, step 9).
            _check_delegation(claims, issuer, kind, owners.get(kind, {}), now)
        endpoint = chain.metadata.get(ALWAYS_ALLOWED, {}).get("federation_trust_mark_status_endpoint")
        return not isinstance(endpoint, str) or self._says_active(endpoint, token, issuer, keys)

    def _says_active(self, endpoint: str, token: str, issuer: str, keys: KeySource) -> bool:
        answer = self._fetcher.post(endpoint, urlencode({"trust_mark": token}).encode(), _FORM)
        if answer.status != _OK:
            return False
        required = frozenset({"iss", "iat"})
        expected = Expectation(frozenset({STATUS}), issuer=issuer, required=required, leeway=LEEWAY, needs_kid=True)
        status = verify(answer.body.decode("ascii", "replace"), keys, expected, self._clock.now(), max_chars=_LONG)
        return status.claims.get("status") == "active" and status.claims.get("trust_mark") == token


def end_of(mark: Mapping[str, str]) -> int:
    """Return when a mark that counts ends (epoch seconds); one without an end never does."""
    expires = parse(mark["trust_mark"], MAX_STATEMENT).unverified_claims.get("exp")
    return NEVER if expires is None else int(expires)


_OK: Final = 200
_LONG: Final = 2 * MAX_STATEMENT


def _expected(issuer: str) -> Expectation:
    return Expectation(frozenset({MARK}), issuer=issuer, required=_REQUIRED, leeway=LEEWAY, needs_kid=True)


def _may_issue(issuer: str, kind: str, rules: Mapping[str, Any]) -> bool:
    """Section 7.3: the anchor names the issuers of a type; an empty list lets anybody, no list nobody."""
    issuers = rules.get("trust_mark_issuers", {}).get(kind)
    return isinstance(issuers, list) and (not issuers or issuer in issuers)


def _check_delegation(claims: Mapping[str, Any], issuer: str, kind: str, owner: Mapping[str, Any], now: int) -> None:
    """Section 7.2: the type's owner says that this issuer may issue it."""
    expected = Expectation(
        frozenset({DELEGATION}), issuer=str(owner.get("sub")), required=_REQUIRED, leeway=LEEWAY, needs_kid=True
    )
    keys = import_jwks(owner.get("jwks", {}), lenient=True)
    delegated = verify(str(claims.get("delegation")), keys, expected, now, max_chars=MAX_STATEMENT).claims
    if (delegated["sub"], delegated["trust_mark_type"]) != (issuer, kind):
        raise StatementRefused("mark_delegation", "the delegation is for another issuer or type")
