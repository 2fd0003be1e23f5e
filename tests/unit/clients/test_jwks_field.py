"""Key sets in a registration: public signature keys, and nothing else."""

from __future__ import annotations

import pytest

from clients import metadata
from clients.fields import jwks
from keys.algorithms import ALGORITHMS
from keys.jwks import export_public
from tests.support.memory_clients import department, reasons

PUBLIC = {**export_public(ALGORITHMS["ES256"].generate().public_key()), "kid": "one", "use": "sig"}


def test_a_set_of_public_keys_is_kept_as_a_copy() -> None:
    given = {"keys": [dict(PUBLIC)]}
    kept = jwks(given)
    assert kept == given
    given["keys"][0]["x"] = "changed"
    assert kept["keys"][0]["x"] == PUBLIC["x"]


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("RFC 7591", "2")
def test_keys_come_by_value_or_by_reference_and_not_both_ways() -> None:
    both = department(jwks={"keys": [PUBLIC]}, jwks_uri="https://portal.example.vn/jwks")
    assert reasons(both) == {("jwks_uri", "inconsistent")}
    by_reference = department(jwks_uri="https://portal.example.vn/jwks")
    assert metadata.parse(by_reference).values["jwks_uri"] == "https://portal.example.vn/jwks"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_no_member_of_a_private_key_is_kept(member: str) -> None:
    """RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1: each of them alone gives a secret away."""
    assert reasons(department(jwks={"keys": [{**PUBLIC, member: "AA"}]})) == {("jwks.keys[0]", "private_jwk")}


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"keys": [{**PUBLIC, "d": "AA"}]}, ("jwks.keys[0]", "private_jwk")),
        ({"keys": [PUBLIC, {"kty": "RSA", "use": "enc", "p": "AA"}]}, ("jwks.keys[1]", "private_jwk")),
        ({"keys": [{"kty": "oct", "k": "AA"}]}, ("jwks.keys[0]", "private_jwk")),
        ({"keys": []}, ("jwks.keys", "invalid_jwk")),
        ({"keys": {}}, ("jwks.keys", "invalid_jwk")),
        ({}, ("jwks.keys", "invalid_jwk")),
        ({"keys": [1]}, ("jwks.keys[0]", "invalid_jwk")),
        ({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}, ("jwks.keys[0].n", "invalid_jwk")),
        ([PUBLIC], ("jwks", "not_object")),
        ({"keys": [PUBLIC], "more": 2**70}, ("jwks", "not_json")),
        ({"keys": [PUBLIC], "more": "\ud800"}, ("jwks", "not_json")),
        ({"keys": [PUBLIC], "more": "x" * 70_000}, ("jwks", "too_long")),
    ],
)
def test_a_key_set_at_fault_is_named_down_to_the_member(keys: object, fault: tuple[str, str]) -> None:
    assert reasons(department(jwks=keys)) == {fault}
