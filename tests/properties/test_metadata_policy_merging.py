"""Whatever superiors say: what their merged policy lets pass, each of them lets pass, and merging is no matter of luck."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.federation.errors import FederationRefusal, MetadataRefused, PolicyError
from policies.federation.metadata_policy import apply, check, merge, resolve

RP = "openid_relying_party"
WORDS = st.sampled_from(["a", "b", "c", "d"])
LISTS = st.lists(WORDS, max_size=4, unique=True)
VALUES = st.one_of(st.none(), WORDS, LISTS, st.booleans())
RULES = st.fixed_dictionaries(
    {},
    optional={
        "value": VALUES,
        "add": LISTS,
        "default": st.one_of(WORDS, LISTS),
        "one_of": st.lists(WORDS, min_size=1, max_size=4, unique=True),
        "subset_of": LISTS,
        "superset_of": LISTS,
        "essential": st.booleans(),
    },
)
NARROW = st.fixed_dictionaries({}, optional={"subset_of": LISTS, "superset_of": LISTS, "add": LISTS, "default": LISTS})
POLICIES = st.dictionaries(st.sampled_from(["p", "q", "scope"]), RULES | NARROW, max_size=3).map(lambda one: {RP: one})
METADATA = st.dictionaries(st.sampled_from(["p", "q"]), VALUES.filter(lambda one: one is not None), max_size=2)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def settled(policy: Any, metadata: Any) -> Any:
    """Compare lists as the sets that they are."""
    found = apply(policy, {RP: metadata})[RP]
    return {name: sorted(value) if isinstance(value, list) else value for name, value in found.items()}


@given(st.lists(POLICIES, min_size=1, max_size=4), METADATA)
def test_merging_never_allows_more_than_any_superior_allows(policies: list[Any], metadata: Any) -> None:
    try:
        resolved = apply(resolve(policies), {RP: metadata})[RP]
    except FederationRefusal:
        return
    for one in policies:
        # A superior's own policy has nothing left to refuse or to change in what the chain let pass.
        kept = {name: sorted(value) if isinstance(value, list) else value for name, value in resolved.items()}
        assert settled(check(one), resolved) == kept


@given(POLICIES, POLICIES, POLICIES)
def test_merging_in_steps_is_merging_at_once(one: Any, two: Any, three: Any) -> None:
    try:
        left = merge(merge(check(one), check(two)), check(three))
    except PolicyError:
        return
    right = merge(check(one), merge(check(two), check(three)))
    for name, rules in left[RP].items() if RP in left else ():
        for operator, value in rules.items():
            other = right[RP][name][operator]
            assert sorted(value) == sorted(other) if isinstance(value, list) else value == other


@given(POLICIES, METADATA)
def test_applying_twice_changes_nothing_more(policy: Any, metadata: Any) -> None:
    try:
        once = apply(check(policy), {RP: metadata})
    except FederationRefusal:
        return
    assert apply(check(policy), once) == once


@given(ANY_JSON, ANY_JSON)
def test_any_document_is_a_policy_or_is_refused_in_its_own_terms(policy: Any, metadata: Any) -> None:
    with contextlib.suppress(PolicyError, MetadataRefused):
        apply(check(policy), {RP: metadata if isinstance(metadata, dict) else {}})
