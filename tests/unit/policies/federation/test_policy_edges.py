"""Rules of metadata policies that no test missed when they were taken out (docs/decisions/0174): each of these fails without its rule."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from policies.federation.caps import RELYING_PARTY
from policies.federation.constraints import parse
from policies.federation.errors import ConstraintBroken, MetadataRefused, PolicyError
from policies.federation.metadata_policy import apply, check, merge, resolve

RP = RELYING_PARTY
# Operators that agree with each other as far as any pair may, and the pairs that never may (section 6.1.3.1, table of combinations).
FITTING: dict[str, Any] = {
    "value": ["a", "b"], "add": ["a"], "default": ["a"], "one_of": ["a", "b"], "subset_of": ["a", "b", "c"],
    "superset_of": ["b"], "essential": True,
}  # fmt: skip
NEVER = {("add", "one_of"), ("one_of", "subset_of"), ("one_of", "superset_of")}


def rules(**operators: Any) -> dict[str, Any]:
    return {RP: {"p": operators}}


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1")
@pytest.mark.parametrize("pair", list(combinations(sorted(FITTING), 2)))
def test_each_pair_of_operators_may_stand_together_unless_the_table_forbids_it(pair: tuple[str, str]) -> None:
    operators = {name: FITTING[name] for name in pair}
    if pair == ("one_of", "value"):
        operators["value"] = "a"
    if pair in NEVER:
        with pytest.raises(PolicyError):
            check(rules(**operators))
    else:
        assert check(rules(**operators)) == rules(**operators)


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1")
def test_a_value_that_is_taken_away_may_be_one_that_need_not_be_there() -> None:
    assert check(rules(value=None, essential=False)) == rules(value=None, essential=False)
    with pytest.raises(PolicyError):
        check(rules(value=None, essential=True))


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.1")
@pytest.mark.parametrize("silent", [{}, {RP: {}}, {RP: {"q": {"value": "x"}}}, {"oauth_client": {"q": {"value": "x"}}}])
def test_what_one_statement_says_stands_where_the_other_is_silent(silent: dict[str, Any]) -> None:
    """The attack: a subordinate that says nothing of a parameter would free its own subordinates from the superior's rule."""
    bound = rules(subset_of=["a"])
    for policy in (merge(check(bound), check(silent)), merge(check(silent), check(bound))):
        assert policy[RP]["p"] == {"subset_of": ["a"]}
        assert apply(policy, {RP: {"p": ["a", "b"]}})[RP]["p"] == ["a"]
    assert resolve([bound, silent, {}])[RP]["p"] == {"subset_of": ["a"]}


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.1")
@pytest.mark.parametrize(
    ("one", "other"), [(["a"], ["a", "b"]), (["a"], "a"), (["a", "b"], ["a", "c"]), (1, True), (["a"], [])]
)
def test_values_that_differ_in_any_member_conflict_whoever_is_above(one: object, other: object) -> None:
    for upper, lower in ((one, other), (other, one)):
        with pytest.raises(PolicyError):
            merge(check(rules(value=upper)), check(rules(value=lower)))


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.1")
@pytest.mark.parametrize(("upper", "lower"), [(True, False), (False, True), (True, True)])
def test_what_either_statement_demands_is_demanded(upper: bool, lower: bool) -> None:
    policy = merge(check(rules(essential=upper)), check(rules(essential=lower)))
    with pytest.raises(MetadataRefused):
        apply(policy, {RP: {}})


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1.8")
@pytest.mark.parametrize("value", [5, ["openid", 5], {"openid": 1}])
def test_a_scope_is_words_whatever_a_policy_makes_of_it(value: object) -> None:
    with pytest.raises(MetadataRefused):
        apply(check({RP: {"scope": {"value": value}}}), {RP: {}})


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3")
@pytest.mark.parametrize("operator", ["add", "one_of", "subset_of", "superset_of"])
@pytest.mark.parametrize("value", ["a", {"a": 1}, [None], [["a"]], 1])
def test_a_set_of_values_is_a_list_of_plain_ones(operator: str, value: object) -> None:
    with pytest.raises(PolicyError):
        check(rules(**{operator: value}))


@pytest.mark.spec("OpenID Federation 1.0", "6.2.2")
@pytest.mark.parametrize("names", [[""], [5], "gov.vn", [None], {"gov.vn": 1}])
def test_constraints_name_hosts_by_texts_alone(names: object) -> None:
    for where in ("permitted", "excluded"):
        with pytest.raises(ConstraintBroken):
            parse({"naming_constraints": {where: names}})
