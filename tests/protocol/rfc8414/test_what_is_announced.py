"""What the metadata have to say, and what no metadata or key set of ours may hold."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.encryption_party import header_of
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import Visitor, asked
from tests.support.whole_app import WholeApp

DOCUMENTS = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]


@pytest.mark.spec("OIDC Core", "8")
@pytest.mark.spec("RFC 9207", "2.3")
@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 8414", "3.2")
@pytest.mark.spec("RFC 8414", "3.3")
@pytest.mark.spec("OIDC Discovery", "3")
@pytest.mark.spec("OIDC Discovery", "4")
@pytest.mark.spec("OIDC Discovery", "4.2")
@pytest.mark.spec("OIDC Discovery", "4.3")
@pytest.mark.spec("RFC 9207", "3")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_metadata_have_what_is_required_and_no_empty_list(world: TokenWorld, path: str) -> None:
    answer = world.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    said = answer.json
    assert said["issuer"] == ISSUER
    required = {
        "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }  # fmt: skip
    assert required <= said.keys()
    assert "RS256" in said["id_token_signing_alg_values_supported"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert [name for name, value in said.items() if value in ([], None, "", {})] == []
    algorithms = {name: value for name, value in said.items() if name.endswith("signing_alg_values_supported")}
    assert algorithms
    assert [name for name, value in algorithms.items() if {"none", "HS256"} & set(value) and "auth" not in name] == []
    assert "none" not in said["token_endpoint_auth_signing_alg_values_supported"]
    addresses = {name: value for name, value in said.items() if name.endswith(("_endpoint", "_uri"))}
    assert [name for name, value in addresses.items() if "#" in value or not value.startswith("https://")] == []


@pytest.mark.spec("OIDC Discovery", "3")
@pytest.mark.spec("OIDC RP-Initiated Logout", "2.1")
@pytest.mark.spec("OpenID Shared Signals", "7.1")
@pytest.mark.spec("RFC 6749", "10.9")
@pytest.mark.spec("RFC 7009", "2")
@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 8628", "3.1")
@pytest.mark.spec("RFC 9126", "2")
def test_every_address_of_the_metadata_is_below_the_issuer_by_https(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    registering = WholeApp(TokenWorld(tmp_path, sqlite_database, clock, registration={"mode": "token"}))
    documents = (registering.call("GET", path).json for path in (DOCUMENTS[0], "/.well-known/ssf-configuration"))
    ends = ("_endpoint", "_uri", "_iframe")
    provider, transmitter = ({name: one[name] for name in one if name.endswith(ends)} for one in documents)
    required = {
        "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
        "pushed_authorization_request_endpoint", "device_authorization_endpoint", "registration_endpoint",
        "end_session_endpoint", "check_session_iframe",
    }  # fmt: skip
    assert required < set(provider)
    assert {"configuration_endpoint", "status_endpoint", "verification_endpoint", "jwks_uri"} < set(transmitter)
    addresses = [*provider.values(), *transmitter.values()]
    assert ISSUER.startswith("https://")
    assert [one for one in addresses if not one.startswith(f"{ISSUER}/")] == []


@pytest.mark.spec("OIDC Discovery", "3")
def test_openid_is_announced_and_a_key_set_for_signing_and_encryption_says_which_is_which(world: TokenWorld) -> None:
    assert "openid" in world.get(DOCUMENTS[0]).json["scopes_supported"]
    keys = world.get("/jwks").json["keys"]
    assert {key["use"] for key in keys} == {"sig", "enc"}
    assert [key["kid"] for key in keys if {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()] == []
    assert {key["kty"] for key in keys} <= {"RSA", "EC", "OKP"}


@pytest.mark.spec("OIDC Core", "16.15")
@pytest.mark.spec("RFC 9207", "2.3")
@pytest.mark.spec("OIDC Discovery", "4.3")
def test_the_issuer_of_the_metadata_is_that_of_answers_and_tokens(world: TokenWorld) -> None:
    portal, citizen = world.add_client(), Visitor(world, world.add_person(31))
    arrived = citizen.allowed(asked(portal)).arrived()
    claims = world.verified(world.redeem(portal, arrived["code"]).json["id_token"])
    assert world.get(DOCUMENTS[0]).json["issuer"] == arrived["iss"] == claims["iss"]


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.2")
def test_the_key_set_points_nowhere_and_names_no_key_twice(world: TokenWorld) -> None:
    keys = world.get("/jwks").json["keys"]
    assert max(Counter(key["kid"] for key in keys).values()) == 1
    assert [key["kid"] for key in keys if {"x5u", "jku", "d", "p", "q", "k", "oth"} & key.keys()] == []


@pytest.mark.spec("OIDC Core", "2")
def test_headers_of_our_tokens_point_nowhere(world: TokenWorld) -> None:
    portal = world.add_client()
    tokens = world.tokens(portal, world.sign_in(world.add_person(32)))
    for token in (tokens["id_token"], tokens["access_token"]):
        assert header_of(token).keys() <= {"alg", "kid", "typ"}
