"""Who may act for whom at which audience: deny by default, every step narrower, every actor named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.exchange import DELEGATION, IMPERSONATION, LONGEST_CHAIN, Facts, Rule, decide, depth

AUDIENCE = "https://land.example.vn/api"
RULE = Rule(AUDIENCE, frozenset({"portal"}), frozenset({"openid", "profile"}))
FACTS = Facts(
    holder="one-stop", subject_client="portal", is_meant_for_holder=True, audience=AUDIENCE,
    scope=frozenset({"openid", "profile", "email"}), asked=None, actor="one-stop", has_actor_token=False,
)  # fmt: skip


def refusal(rule: Rule = RULE, **changes: Any) -> str:
    """Return why changed facts are refused, "" when they are not."""
    return decide({rule.audience: rule}, replace(FACTS, **changes)).refusal


def test_without_a_rule_nothing_is_exchanged() -> None:
    assert decide({}, FACTS).refusal == "audience_not_allowed"
    assert refusal(audience="https://other.example.vn") == "audience_not_allowed"


def test_the_scope_is_what_both_allow_and_never_more() -> None:
    assert decide({AUDIENCE: RULE}, FACTS).scope == {"openid", "profile"}
    assert decide({AUDIENCE: RULE}, replace(FACTS, asked=frozenset({"openid"}))).scope == {"openid"}
    assert refusal(asked=frozenset({"openid", "email"})) == "scope_widened"
    assert refusal(asked=frozenset({"openid", "identity"})) == "scope_widened"
    assert refusal(scope=frozenset({"email"})) == "scope_widened"


def test_only_a_token_of_its_own_or_meant_for_it_may_be_brought() -> None:
    assert refusal(is_meant_for_holder=False) == "subject_not_for_holder"
    assert refusal(subject_client="stranger") == "subject_not_allowed"
    own = replace(RULE, subjects=frozenset({"one-stop"}))
    assert refusal(own, subject_client="one-stop", is_meant_for_holder=False) == ""


@pytest.mark.spec("RFC 8693", "4.1")
def test_every_actor_is_named_the_newest_outermost() -> None:
    first = decide({AUDIENCE: RULE}, FACTS).act
    assert first == {"sub": "one-stop"}
    second = decide({AUDIENCE: RULE}, replace(FACTS, actor="register", act=first)).act
    assert second == {"sub": "register", "act": {"sub": "one-stop"}}


@pytest.mark.spec("RFC 8693", "4.1")
def test_an_earlier_actor_may_no_more_than_anybody() -> None:
    for earlier in (None, {"sub": "portal"}, {"sub": "other", "act": {"sub": "desk"}}):
        assert refusal(act=earlier, subject_client="other") == "subject_not_allowed"
        assert refusal(act=earlier, may_act={"sub": "other"}) == "may_act"
        assert refusal(act=earlier) == ""


def test_a_chain_has_an_end() -> None:
    act: Any = None
    for number in range(LONGEST_CHAIN):
        act = {"sub": str(number), "act": act} if act else {"sub": str(number)}
    assert depth(act) == LONGEST_CHAIN
    assert refusal(act=act) == "chain_too_long"
    assert refusal(act={"sub": "a", "act": "b"}) == "chain_too_long"


def test_impersonation_hides_nobody_who_was_named() -> None:
    hidden = replace(RULE, mode=IMPERSONATION)
    assert decide({AUDIENCE: hidden}, FACTS).act is None
    assert refusal(hidden, act={"sub": "portal"}) == "impersonation_of_delegation"
    assert refusal(hidden, has_actor_token=True) == "actor_not_shown"


@pytest.mark.spec("RFC 8693", "4.4")
def test_may_act_admits_its_own_actor_alone() -> None:
    assert refusal(may_act={"sub": "one-stop"}) == ""
    assert refusal(may_act={"sub": "another"}) == "may_act"
    assert refusal(may_act={"sub": "one-stop", "iss": "https://elsewhere.example"}) == "may_act"
    assert refusal(may_act={}) == "may_act"


def test_a_rule_may_name_the_next_actor() -> None:
    named = replace(RULE, mode=DELEGATION, next_actor="register")
    assert decide({AUDIENCE: named}, FACTS).may_act == {"sub": "register"}
