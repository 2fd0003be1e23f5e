"""Metadata policies: every operator, every combination, and merging (OpenID Federation 1.0 section 6.1)."""

from __future__ import annotations

from typing import Any

import pytest

from policies.federation.caps import CAPS, RELYING_PARTY, cap_of
from policies.federation.errors import MetadataRefused, PolicyError
from policies.federation.metadata_policy import apply, check, merge, overlay, resolve

RP = RELYING_PARTY


def rules(**operators: Any) -> dict[str, Any]:
    return {RP: {"p": operators}}


def applied(operators: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return apply(check({RP: {"p": operators}}), {RP: metadata})[RP]


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1.1")
@pytest.mark.parametrize(
    ("operators", "before", "after"),
    [
        ({"value": "x"}, {}, {"p": "x"}),
        ({"value": "x"}, {"p": "y"}, {"p": "x"}),
        ({"value": None}, {"p": "y"}, {}),
        ({"add": ["b"]}, {}, {"p": ["b"]}),
        ({"add": ["a", "b"]}, {"p": ["a", "c"]}, {"p": ["a", "c", "b"]}),
        ({"default": "x"}, {}, {"p": "x"}),
        ({"default": "x"}, {"p": "y"}, {"p": "y"}),
        ({"one_of": ["x", "y"]}, {"p": "y"}, {"p": "y"}),
        ({"one_of": ["x", "y"]}, {}, {}),
        ({"subset_of": ["a", "b", "c"]}, {"p": ["a", "e"]}, {"p": ["a"]}),
        ({"subset_of": ["a", "b", "c"]}, {"p": ["d", "e"]}, {"p": []}),
        ({"subset_of": ["a", "b", "c"], "essential": True}, {"p": ["d", "e"]}, {"p": []}),
        ({"subset_of": ["a"]}, {}, {}),
        ({"superset_of": ["a"]}, {"p": ["a", "b"]}, {"p": ["a", "b"]}),
        ({"superset_of": ["a"]}, {}, {}),
        ({"essential": False}, {}, {}),
        (
            {"value": ["a", "b"], "add": ["b"], "subset_of": ["a", "b", "c"], "superset_of": ["a"]},
            {},
            {"p": ["a", "b"]},
        ),
        ({"default": ["z"], "subset_of": ["a"]}, {}, {"p": []}),
        ({"unheard_of": ["z"]}, {"p": "y"}, {"p": "y"}),
    ],
)
def test_an_operator_leaves_the_parameter_as_the_specification_says(
    operators: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert applied(operators, **before) == after


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1.4")
@pytest.mark.parametrize(
    ("operators", "metadata", "reason"),
    [
        ({"one_of": ["x"]}, {"p": "y"}, "not_one_of"),
        ({"one_of": [1]}, {"p": True}, "not_one_of"),
        ({"superset_of": ["a"]}, {"p": ["b"]}, "not_superset_of"),
        ({"essential": True}, {}, "essential_missing"),
        ({"subset_of": ["a"], "essential": True}, {}, "essential_missing"),
        ({"subset_of": ["a"]}, {"p": "a"}, "not_a_list"),
        ({"add": ["a"]}, {"p": "a"}, "not_a_list"),
    ],
)
def test_metadata_outside_of_the_policy_is_refused(
    operators: dict[str, Any], metadata: dict[str, Any], reason: str
) -> None:
    with pytest.raises(MetadataRefused) as refused:
        applied(operators, **metadata)
    assert (refused.value.reason, refused.value.place) == (reason, f"{RP}.p")


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1")
@pytest.mark.parametrize(
    "operators",
    [
        {"add": ["a"], "one_of": ["a"]},
        {"one_of": ["a"], "subset_of": ["a"]},
        {"one_of": ["a"], "superset_of": ["a"]},
        {"value": None, "default": "x"},
        {"value": None, "essential": True},
        {"value": "x", "one_of": ["y"]},
        {"value": ["x"], "subset_of": ["y"]},
        {"value": ["x"], "superset_of": ["y"]},
        {"value": ["x"], "add": ["y"]},
        {"add": ["x"], "subset_of": ["y"]},
        {"subset_of": ["x"], "superset_of": ["x", "y"]},
        {"value": "x", "subset_of": ["x"]},
    ],
)
def test_a_combination_that_contradicts_itself_voids_the_chain(operators: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as refused:
        check(rules(**operators))
    assert refused.value.reason == "operator_combination"


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3")
@pytest.mark.parametrize(
    "operators",
    [
        {"add": "a"},
        {"one_of": []},
        {"subset_of": {"a": 1}},
        {"superset_of": [None]},
        {"essential": 1},
        {"default": None},
    ],
)
def test_an_operator_value_of_a_wrong_type_is_refused(operators: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as refused:
        check(rules(**operators))
    assert refused.value.reason == "operator_value"


@pytest.mark.spec("OpenID Federation 1.0", "6.1.2")
@pytest.mark.parametrize("document", [[], {RP: []}, {RP: {"p": "value"}}, "x", None])
def test_a_policy_of_another_shape_is_refused(document: Any) -> None:
    with pytest.raises(PolicyError) as refused:
        check(document)
    assert refused.value.reason == "policy_malformed"


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.1")
@pytest.mark.parametrize(
    ("superior", "subordinate", "merged"),
    [
        ({"value": ["a", "b"]}, {"value": ["b", "a"]}, {"value": ["a", "b"]}),
        ({"add": ["a"]}, {"add": ["b", "a"]}, {"add": ["a", "b"]}),
        ({"default": 1}, {"default": 1}, {"default": 1}),
        ({"one_of": ["a", "b"]}, {"one_of": ["c", "b"]}, {"one_of": ["b"]}),
        ({"subset_of": ["a"]}, {"subset_of": ["b"]}, {"subset_of": []}),
        ({"superset_of": ["a"]}, {"superset_of": ["b"]}, {"superset_of": ["a", "b"]}),
        ({"essential": True}, {"essential": False}, {"essential": True}),
        ({"essential": True}, {"default": "a"}, {"essential": True, "default": "a"}),
    ],
)
def test_two_operators_merge_into_the_narrower_rule(
    superior: dict[str, Any], subordinate: dict[str, Any], merged: dict[str, Any]
) -> None:
    assert merge(check(rules(**superior)), check(rules(**subordinate))) == rules(**merged)


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.1")
@pytest.mark.parametrize(
    ("superior", "subordinate"),
    [
        ({"value": "a"}, {"value": "b"}),
        ({"value": "a"}, {"value": None}),
        ({"default": "a"}, {"default": "b"}),
        ({"one_of": ["a"]}, {"one_of": ["b"]}),
        ({"subset_of": ["a"]}, {"value": ["b"]}),
        ({"subset_of": ["a"]}, {"add": ["b"]}),
        ({"superset_of": ["a"]}, {"subset_of": ["b"]}),
        ({"essential": True}, {"value": None}),
        ({"one_of": ["a"]}, {"subset_of": ["a"]}),
    ],
)
def test_a_subordinate_that_contradicts_its_superior_voids_the_chain(
    superior: dict[str, Any], subordinate: dict[str, Any]
) -> None:
    with pytest.raises(PolicyError):
        resolve([rules(**superior), rules(**subordinate)])


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.2")
def test_a_critical_operator_that_is_unknown_voids_the_chain() -> None:
    with pytest.raises(PolicyError) as refused:
        resolve([rules(regexp="x")], ["regexp"])
    assert refused.value.reason == "critical_operator"


@pytest.mark.spec("OpenID Federation 1.0", "6.1.3.1.8")
def test_scope_is_a_list_of_words_to_the_operators() -> None:
    policy = check(
        {RP: {"scope": {"subset_of": ["openid", "profile"], "superset_of": ["openid"], "default": "openid"}}}
    )
    assert apply(policy, {RP: {"scope": "openid phone profile"}}) == {RP: {"scope": "openid profile"}}
    assert apply(policy, {RP: {}}) == {RP: {"scope": "openid"}}
    with pytest.raises(MetadataRefused):
        apply(policy, {RP: {"scope": "profile"}})
    with pytest.raises(MetadataRefused):
        apply(policy, {RP: {"scope": 5}})


@pytest.mark.spec("OpenID Federation 1.0", "6.1.4.2")
def test_a_superior_speaks_for_its_immediate_subordinate_before_any_policy() -> None:
    claimed = {RP: {"client_name": "Ngân hàng Nhà nước", "scope": "openid"}}
    laid = overlay(claimed, {RP: {"client_name": "Một cửa"}, "openid_provider": {"issuer": "x"}})
    assert laid == {RP: {"client_name": "Một cửa", "scope": "openid"}}


def test_a_policy_of_another_entity_type_says_nothing() -> None:
    assert apply(check(rules(value="x")), {"oauth_client": {"p": "y"}}) == {"oauth_client": {"p": "y"}}


def test_a_commune_is_capped_tighter_than_the_province_in_everything() -> None:
    commune, province = CAPS["commune"], CAPS["province"]
    for name in ("scopes", "grant_types", "acr_values", "subject_types"):
        assert set(getattr(commune, name)) < set(getattr(province, name))
    assert "identity_code" not in commune.claims
    assert "identity_code" in province.claims
    assert cap_of("district") == commune


def test_the_caps_are_policies_that_merge_down_the_levels() -> None:
    merged = resolve([CAPS["province"].policy(), CAPS["commune"].policy()][:1])
    assert merged[RP]["scope"]["subset_of"] == list(CAPS["province"].scopes)
    asked = {RP: {"scope": "openid identity profile", "grant_types": ["authorization_code", "client_credentials"]}}
    resolved = apply(check(CAPS["commune"].policy()), asked)[RP]
    assert (resolved["scope"], resolved["grant_types"]) == ("openid profile", ["authorization_code"])
    assert resolved["token_endpoint_auth_method"] == "private_key_jwt"
