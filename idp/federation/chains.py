"""Trust chains: statements from a subject up to an anchor, each signed by a key that the next one vouches for.

OpenID Federation 1.0 sections 4, 6 and 10.2. Pure but for the signatures: statements come in, in order, and a chain that holds goes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from idp.federation.errors import ChainRefused, ResolvedMetadataRefused
from idp.federation.statements import Statement, read, verified
from keys.keyset import ClientKeySet
from policies.federation import constraints as bounds
from policies.federation import metadata_policy as policies
from policies.federation.errors import ConstraintBroken, FederationRefusal, PolicyError

MAX_STATEMENTS: Final = 8
"""Of one chain: the subject, at most five intermediates, the anchor, and the statements between."""

Anchors = Mapping[str, ClientKeySet]
"""The anchors that we trust, by entity identifier, with keys that came to us another way than over the network."""


@dataclass(frozen=True, slots=True)
class TrustChain:
    """A chain that holds. ``statements`` run from the subject's configuration up to the anchor's own or its last word.

    ``expires_at`` is the earliest end of any statement. ``policy`` is what all superiors say together.
    """

    statements: tuple[Statement, ...]
    anchor: str
    expires_at: int
    policy: Mapping[str, Any]
    metadata: Mapping[str, Mapping[str, Any]]

    @property
    def subject(self) -> str:
        """Return whom the chain is about."""
        return self.statements[0].subject

    @property
    def superior(self) -> str:
        """Return the immediate superior; the subject itself where it is an anchor."""
        return self.statements[1].issuer if len(self.statements) > 1 else self.subject

    @property
    def superiors_metadata(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the immediate superior itself says of the subject."""
        return self.statements[1].metadata if len(self.statements) > 1 else {}

    @property
    def tokens(self) -> list[str]:
        """Return the statements as they came, as ``trust_chain`` holds them."""
        return [statement.token for statement in self.statements]


def from_tokens(tokens: Sequence[str], anchors: Anchors, now: int, *, loopback: bool = False) -> TrustChain:
    """Return the chain of a ``trust_chain`` parameter or header; raises ``ChainRefused`` and its kin."""
    if not 1 <= len(tokens) <= MAX_STATEMENTS:
        raise ChainRefused("chain_length", f"a chain has 1 to {MAX_STATEMENTS} statements")
    return validated([read(token, loopback=loopback) for token in tokens], anchors, now)


def validated(statements: Sequence[Statement], anchors: Anchors, now: int) -> TrustChain:
    """Return the chain if it holds (section 10.2); raises ``ChainRefused``, ``StatementRefused``, ``ResolvedMetadataRefused``."""
    subject, last = statements[0], statements[-1]
    if not subject.is_configuration:
        raise ChainRefused("chain_subject", "a chain begins with the subject's own configuration")
    trusted = anchors.get(last.issuer)
    if trusted is None:
        raise ChainRefused("chain_anchor", "the chain does not end at an anchor that we trust")
    _check_links(statements)
    verified(subject, subject.keys, now)
    for statement, above in pairwise(statements):
        # The key is the superior's word, whatever else the issuer publishes about itself.
        verified(statement, above.keys, now)
    verified(last, trusted, now)
    names = [one.subject for one in statements[1:] if not one.is_configuration]
    if len(set(names)) != len(names):
        raise ChainRefused("chain_loop", "an entity is in the chain twice")
    policy, metadata = _resolved(statements)
    return TrustChain(tuple(statements), last.issuer, min(one.expires_at for one in statements), policy, metadata)


def _check_links(statements: Sequence[Statement]) -> None:
    """Each statement is by whom the next one is about; only the first and the last may be an entity's word on itself."""
    for position, (statement, above) in enumerate(pairwise(statements)):
        if statement.issuer != above.subject or (position and statement.is_configuration):
            raise ChainRefused("chain_broken", "a statement is not about who signed the one before")
    if len(statements) > 1 and statements[1].issuer not in statements[0].hints:
        raise ChainRefused("chain_hints", "the subject does not name its superior in authority_hints")


def _resolved(statements: Sequence[Statement]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    subordinate = [one for one in statements[1:] if not one.is_configuration]
    try:
        limits = _constrained(statements[0], subordinate)
        critical = [name for one in subordinate for name in one.claims.get("metadata_policy_crit", ())]
        spoken = [one.claims["metadata_policy"] for one in reversed(subordinate) if "metadata_policy" in one.claims]
        policy = policies.resolve(spoken, critical)
        metadata: Mapping[str, Any] = statements[0].metadata
        if subordinate:
            metadata = policies.overlay(metadata, subordinate[0].metadata)
        return policy, policies.apply(policy, bounds.allowed(metadata, limits))
    except (PolicyError, ConstraintBroken) as error:
        raise ChainRefused(error.reason, str(error)) from error
    except FederationRefusal as error:
        raise ResolvedMetadataRefused(error.reason, str(error)) from error


def _constrained(subject: Statement, subordinate: Sequence[Statement]) -> list[bounds.Constraints]:
    """Check every statement's constraints against all that is below it, and return them."""
    limits, names = [], [subject.subject]
    for below, statement in enumerate(subordinate):
        if statement.subject not in names:
            names.append(statement.subject)
        limit = bounds.parse(statement.claims.get("constraints", {}))
        bounds.check(limit, below, names)
        limits.append(limit)
    return limits
