"""Token exchange (RFC 8693): which client may act for a person at which audience, and how it shows.

Deny by default: without a rule for the audience nothing is exchanged. A rule belongs to the client that asks, and an operator writes it.
Two modes: in *delegation* the new token names who acts (``act``), one inside the other for every hop; in *impersonation* it does not, so a
token that already names somebody cannot lose him that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DELEGATION: Final = "delegation"
IMPERSONATION: Final = "impersonation"
MODES: Final = (DELEGATION, IMPERSONATION)
LONGEST_CHAIN: Final = 3
"""Actors that one token may name: a citizen's portal, a one-stop system, a register. More hides who did what."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a client may do at one audience.

    ``subjects`` are the clients whose tokens it may bring, ``scope`` is all that may come of them, ``next_actor`` is the only one who may
    exchange the result again ("" for no such bound).
    """

    audience: str
    subjects: frozenset[str]
    scope: frozenset[str]
    mode: str = DELEGATION
    next_actor: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """One request.

    ``holder`` asks; ``subject_client`` got the subject token, whose audiences the holder serves or not (``is_meant_for_holder``); ``actor`` is the
    ``sub`` that would act; ``asked`` is None where the request names no scope. ``act`` and ``may_act`` are those of the subject token.
    ``capacity`` is as whom its person acts ("" for himself), ``accepted`` those that the audience's system takes.
    """

    holder: str
    subject_client: str
    is_meant_for_holder: bool
    audience: str
    scope: frozenset[str]
    asked: frozenset[str] | None
    actor: str
    has_actor_token: bool
    act: Mapping[str, Any] | None = None
    may_act: Mapping[str, Any] | None = None
    capacity: str = ""
    accepted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """``refusal`` is "" or a reason id; then ``scope`` is what the token may have and ``act``, ``may_act`` are its claims."""

    refusal: str = ""
    scope: frozenset[str] = frozenset()
    act: Mapping[str, Any] | None = None
    may_act: Mapping[str, Any] | None = None


def decide(rules: Mapping[str, Rule], facts: Facts) -> Decision:
    """Return what may be issued, or why nothing."""
    rule = rules.get(facts.audience)
    if rule is None:
        return Decision("audience_not_allowed")
    refusal = _subject(rule, facts) or _actor(rule, facts) or _capacity(facts)
    if refusal:
        return Decision(refusal)
    most = facts.scope & rule.scope
    scope = most if facts.asked is None else facts.asked
    if not scope or not scope <= most:
        return Decision("scope_widened")
    act = _named(facts.actor, facts.act) if rule.mode == DELEGATION else None
    return Decision("", scope, act, {"sub": rule.next_actor} if rule.next_actor else None)


def depth(act: Mapping[str, Any] | None) -> int:
    """Return how many actors a claim names; a claim of another form counts as too many."""
    count = 0
    while act is not None:
        count += 1
        inner = act.get("act")
        if count > LONGEST_CHAIN or (inner is not None and not isinstance(inner, Mapping)):
            return LONGEST_CHAIN + 1
        act = inner
    return count


def _subject(rule: Rule, facts: Facts) -> str:
    """A token that somebody else's system merely saw is worth nothing to it: it must be its own, or meant for it."""
    if facts.subject_client != facts.holder and not facts.is_meant_for_holder:
        return "subject_not_for_holder"
    return "" if facts.subject_client in rule.subjects else "subject_not_allowed"


def _capacity(facts: Facts) -> str:
    """A system that knows people for themselves only would take a business's dossier for the clerk's own."""
    return "capacity_not_accepted" if facts.capacity and facts.capacity not in facts.accepted else ""


def _actor(rule: Rule, facts: Facts) -> str:
    if facts.may_act is not None and facts.may_act != {"sub": facts.actor}:
        return "may_act"
    if rule.mode == IMPERSONATION:
        if facts.has_actor_token:
            return "actor_not_shown"
        return "impersonation_of_delegation" if facts.act is not None else ""
    return "chain_too_long" if depth(facts.act) >= LONGEST_CHAIN else ""


def retold(act: Mapping[str, Any] | None, first: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a chain with another first actor: a clerk has another ``sub`` at each sector. Without ``first`` the chain is as it was."""
    if act is None or first is None:
        return act
    inner = act.get("act")
    return {**act, "act": retold(inner, first)} if isinstance(inner, Mapping) else first


def _named(actor: str, act: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The newest actor is outermost; only he counts for access, the others say how it came to this (RFC 8693 section 4.1)."""
    return {"sub": actor} if act is None else {"sub": actor, "act": act}
