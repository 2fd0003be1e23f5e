"""The ``claims`` request parameter (OpenID Connect Core section 5.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.authorization.claims_parameter import NOTHING, ClaimsRequest, parse
from idp.protocol.errors import InvalidRequest

pytestmark = pytest.mark.spec("OIDC Core", "5.5")


def asked(**members: Any) -> ClaimsRequest:
    """Return what a JSON object asks."""
    return parse(json.dumps(members))


def refuses(raw: str) -> bool:
    """Tell whether a text is refused, for the right reason."""
    with pytest.raises(InvalidRequest) as caught:
        parse(raw)
    return caught.value.reason == "claims_parameter"


def test_absent_parameter_asks_nothing() -> None:
    assert parse(None) == NOTHING == ClaimsRequest()


@pytest.mark.parametrize("raw", ["{}", '{"userinfo":null}', '{"id_token":{}}', '{"purpose":"x"}', ' {"verified":[]} '])
def test_object_without_members_of_ours_asks_nothing(raw: str) -> None:
    assert parse(raw) == NOTHING


def test_names_are_read_for_each_place() -> None:
    found = asked(userinfo={"email": None, "name": {"essential": True}}, id_token={"name": {}, "http://x/y": None})
    assert (found.userinfo, found.id_token) == (frozenset({"email", "name"}), frozenset({"name", "http://x/y"}))


@pytest.mark.spec("OIDC Core", "5.5.1.1")
@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_acr_is_a_demand_and_not_a_claim_to_release(place: str) -> None:
    found = asked(**{place: {"acr": {"essential": True, "values": ["loa2", "loa3"]}, "name": None}})
    assert (found.acr_values, found.acr_essential) == (("loa2", "loa3"), True)
    assert found.userinfo | found.id_token == {"name"}


@pytest.mark.parametrize(
    ("acr", "values", "essential"),
    [
        (None, (), False),
        ({}, (), False),
        ({"value": "a"}, ("a",), False),
        ({"essential": False, "values": ["a"]}, ("a",), False),
        ({"essential": True}, (), True),
        ({"values": []}, (), False),
        ({"values": ["b"], "value": "a"}, ("b",), False),
    ],
)
def test_acr_is_read_in_every_form(acr: Any, values: tuple[str, ...], essential: bool) -> None:
    found = asked(id_token={"acr": acr})
    assert (found.acr_values, found.acr_essential) == (values, essential)


def test_acr_of_the_id_token_is_the_one_that_counts() -> None:
    found = asked(id_token={"acr": {"value": "a"}}, userinfo={"acr": {"value": "b", "essential": True}})
    assert (found.acr_values, found.acr_essential) == (("a",), False)


@pytest.mark.spec("OIDC Core", "5.5.1")
@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_sub_is_a_demand_and_not_a_claim_to_release(place: str) -> None:
    found = asked(**{place: {"sub": {"value": "abc"}}})
    assert (found.sub, found.userinfo | found.id_token) == ("abc", frozenset())


def test_same_sub_may_be_asked_in_both_places() -> None:
    assert asked(id_token={"sub": {"value": "a"}}, userinfo={"sub": {"values": ["a"]}}).sub == "a"
    assert asked(id_token={"sub": None}).sub is None


REFUSED = [
    "",
    "null",
    "[]",
    '"x"',
    "1",
    "{",
    "{'userinfo':{}}",
    '{"userinfo":[]}',
    '{"userinfo":"name"}',
    '{"userinfo":false}',
    '{"userinfo":{"name":true}}',
    '{"userinfo":{"name":"x"}}',
    '{"userinfo":{"name":[]}}',
    '{"userinfo":{"name":{"essential":"true"}}}',
    '{"userinfo":{"name":{"essential":1}}}',
    '{"userinfo":{"name":{"essential":null}}}',
    '{"id_token":{"acr":{"value":1}}}',
    '{"id_token":{"acr":{"value":null}}}',
    '{"id_token":{"acr":{"values":"loa2"}}}',
    '{"id_token":{"acr":{"values":[["a"]]}}}',
    '{"id_token":{"acr":{"value":"\\ud800"}}}',
    '{"id_token":{"sub":{"value":"\\udfff"}}}',
    '{"id_token":{"sub":{"value":"a\\u0000"}}}',
    '{"id_token":{"sub":{"value":1}}}',
    '{"id_token":{"sub":{"values":["a","b"]}}}',
    '{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}',
    '{"userinfo":{},"userinfo":{"name":null}}',
    '{"userinfo":{"name":null,"name":{"essential":true}}}',
    '{"id_token":{"acr":{"value":"a","value":"b"}}}',
    "[" * 2000,
    '{"userinfo":' * 400,
]


@pytest.mark.parametrize("raw", REFUSED)
def test_anything_else_is_refused(raw: str) -> None:
    assert refuses(raw)


def test_length_and_number_of_values_are_bounded() -> None:
    assert refuses(json.dumps({"userinfo": {"x" * 5000: None}}))
    assert refuses(json.dumps({"id_token": {"acr": {"values": [str(n) for n in range(21)]}}}))
    assert len(asked(id_token={"acr": {"values": [str(n) for n in range(20)]}}).acr_values) == 20


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["userinfo", "id_token", "acr", "sub", "name", "value", "values", "essential"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(trees)
def test_any_json_is_read_or_refused_and_what_is_read_can_be_stored(document: Any) -> None:
    try:
        found = parse(json.dumps(document))
    except InvalidRequest:
        return
    texts = [*found.acr_values, *([found.sub] if found.sub is not None else [])]
    assert all(text.encode() for text in texts if text)
    assert not {"sub", "acr"} & (found.userinfo | found.id_token)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        parse(raw)
    except InvalidRequest:
        return
