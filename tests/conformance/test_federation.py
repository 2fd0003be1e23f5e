"""The plans of OpenID Federation: an entity as it is deployed, and a provider that joined the suite's federation (automatic registration).

Each test is one module of the OpenID Foundation's suite in our own words, named after it without `openid-federation-`, or several that bend
one claim each.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from keys.compact import parse
from keys.keyset import import_jwks
from keys.verifier import Expectation, verify
from tests.conformance.conftest import COLUMNS
from tests.conformance.fapi import LEFT_OUT
from tests.conformance.federation import WELL_KNOWN, Leaf, SuiteServer
from tests.conformance.test_fapi_proofs import broken
from tests.support.browser import Person
from tests.support.client_keys import new_key
from tests.support.federated_world import COMMUNE, REGISTER
from tests.support.federation import STATEMENT
from tests.support.world import World, deployed

pytestmark = pytest.mark.slow
REQUEST = ("invalid_request", "invalid_request_object", "invalid_client", "unauthorized_client")
ENTITIES = pytest.mark.parametrize("entity", ["anchor", "unit"])


@pytest.fixture(scope="module")
def suite() -> Iterator[SuiteServer]:
    """Run the suite's anchor."""
    with SuiteServer() as server:
        yield server


@pytest.fixture(scope="module")
def world(suite: SuiteServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run a provider that joined the suite's federation, and is the anchor of its own province."""

    def prepare(made: World) -> None:
        path = made.provider.home / "units.json"
        path.write_bytes(orjson.dumps(REGISTER))
        made.provider.idp_json("units", "import", str(path))

    directory: Path = tmp_path_factory.mktemp("suite")
    with deployed("sqlite", settings=suite.settings(directory), prepare=prepare) as running:
        yield running


@pytest.fixture(scope="module")
def person(world: World) -> Person:
    """Return who signs in."""
    return world.person(**COLUMNS)


@pytest.fixture
def leaf(world: World, suite: SuiteServer, person: Person) -> Leaf:
    """Return a relying party that nobody has seen yet."""
    return Leaf(world, suite, person)


def said(answer: requests.Response, jwks: dict[str, Any] | None = None, typ: str = STATEMENT) -> dict[str, Any]:
    """Return the claims of a signed answer, whose type, key and times were checked; it is signed by its own keys unless told otherwise."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == f"application/{typ}"
    own = parse(answer.text, 1 << 20).unverified_claims
    keys = import_jwks(jwks or own["jwks"])
    assert parse(answer.text, 1 << 20).kid in {key.kid for key in keys.keys}
    expected = Expectation(frozenset({typ}), required=frozenset({"iss", "sub", "iat", "exp"}))
    return dict(verify(answer.text, keys, expected, int(own["iat"]), max_chars=1 << 20).claims)


def configuration(world: World, entity: str) -> dict[str, Any]:
    """Return an entity configuration of ours: the anchor's, who is the provider too, or a commune's."""
    base = world.issuer if entity == "anchor" else f"{world.issuer}/federation/units/{COMMUNE}"
    claims = said(requests.get(base + WELL_KNOWN, timeout=60))
    assert claims["iss"] == claims["sub"] == base
    return claims


@ENTITIES
def test_entity_configuration(world: World, entity: str) -> None:
    claims = configuration(world, entity)
    keys = claims["jwks"]["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert not {"d", "p", "q", "k"} & {name for key in keys for name in key}
    endpoints = claims["metadata"]["federation_entity"]
    for name in ("federation_fetch_endpoint", "federation_list_endpoint"):
        assert endpoints[name].startswith(f"{world.issuer}/"), name
    assert ("authority_hints" in claims) == (entity == "unit")


def test_openid_provider_metadata_of_the_entity_configuration(world: World) -> None:
    provider = configuration(world, "anchor")["metadata"]["openid_provider"]
    discovered = requests.get(f"{world.issuer}/.well-known/openid-configuration", timeout=60).json()
    assert "automatic" in provider["client_registration_types_supported"]
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint"):
        assert provider[name] == discovered[name], name
    assert "private_key_jwt" in provider["token_endpoint_auth_methods_supported"]


def test_trust_chain_is_walked_and_resolved_alike(world: World) -> None:
    anchor, unit = configuration(world, "anchor"), configuration(world, "unit")
    endpoints = anchor["metadata"]["federation_entity"]
    assert unit["sub"] in requests.get(endpoints["federation_list_endpoint"], timeout=60).json()
    fetched = requests.get(endpoints["federation_fetch_endpoint"], params={"sub": unit["sub"]}, timeout=60)
    statement = said(fetched, anchor["jwks"])
    assert (statement["iss"], statement["sub"]) == (anchor["sub"], unit["sub"])
    assert {key["kid"] for key in statement["jwks"]["keys"]} == {key["kid"] for key in unit["jwks"]["keys"]}
    query = {"sub": unit["sub"], "trust_anchor": anchor["sub"]}
    answer = requests.get(endpoints["federation_resolve_endpoint"], params=query, timeout=60)
    resolved = said(answer, anchor["jwks"], "resolve-response+jwt")
    assert resolved["metadata"]["federation_entity"]
    walked = [(unit["sub"], unit["sub"]), (anchor["sub"], unit["sub"]), (anchor["sub"], anchor["sub"])]
    chain = [parse(token, 1 << 20).unverified_claims for token in resolved["trust_chain"]]
    assert [(one["iss"], one["sub"]) for one in chain] == walked


@ENTITIES
@pytest.mark.parametrize("subject", ["unknown", "iss"], ids=["with-invalid-sub", "with-iss-as-sub"])
def test_ensure_fetch_fails(world: World, entity: str, subject: str) -> None:
    claims = configuration(world, entity)
    sub = claims["sub"] if subject == "iss" else "https://nobody.example.vn"
    url = claims["metadata"]["federation_entity"]["federation_fetch_endpoint"]
    answer = requests.get(url, params={"sub": sub}, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/json"


def test_ensure_fetch_without_sub_fails(world: World) -> None:
    url = configuration(world, "anchor")["metadata"]["federation_entity"]["federation_fetch_endpoint"]
    answer = requests.get(url, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


HOW = pytest.mark.parametrize("how", ["jar-and-get", "jar-and-post", "par"])


def sent(leaf: Leaf, how: str, token: str) -> dict[str, Any]:
    """Send a request one way; return the ID token's claims."""
    return leaf.signed_in(leaf.pushed(token) if how == "par" else leaf.asked(token, by_post=how == "jar-and-post"))


@HOW
def test_automatic_client_registration_with(leaf: Leaf, how: str) -> None:
    assert sent(leaf, how, leaf.request_object())["sub"]
    # The module `expect-entity-configuration-request`.
    assert f"{leaf.id}{WELL_KNOWN}" in leaf.suite.asked


@HOW
@pytest.mark.parametrize("place", ["claim", "header"])
def test_automatic_client_registration_with_and_trust_chain(leaf: Leaf, how: str, place: str) -> None:
    chain = {"trust_chain": leaf.chain()}
    changes: dict[str, Any] = chain if place == "claim" else {"header": chain}
    assert sent(leaf, how, leaf.request_object(**changes))["sub"]


def test_automatic_client_registration_invalid_iss_in_entity_configuration(leaf: Leaf) -> None:
    leaf.entity.claims["iss"] = f"{leaf.id}/another"
    leaf.refused(leaf.asked(leaf.request_object()), *REQUEST, "invalid_trust_chain")


BENT: dict[str, dict[str, Any]] = {
    "client-id-in-request-object": {"client_id": "http://127.0.0.1:9/another"},
    "request-object-exp": {"exp": timedelta(minutes=-5)},
    "request-object-iss": {"iss": "https://another.example.vn"},
    "request-object-aud": {"aud": "https://another.example.vn"},
    "missing-request-object-jti": {"jti": LEFT_OUT},
    "missing-request-object-exp": {"exp": LEFT_OUT},
    "missing-request-object-iss": {"iss": LEFT_OUT},
    "missing-request-object-aud": {"aud": LEFT_OUT},
}


@pytest.mark.parametrize("name", BENT)
def test_automatic_client_registration_invalid(leaf: Leaf, name: str) -> None:
    leaf.refused(leaf.asked(leaf.request_object(**BENT[name])), *REQUEST)


def test_automatic_client_registration_invalid_request_object_sub(leaf: Leaf) -> None:
    leaf.refused(leaf.asked(leaf.request_object(sub=leaf.id)), *REQUEST)


def test_automatic_client_registration_invalid_client_id_in_query_parameters(leaf: Leaf) -> None:
    page = leaf.asked(leaf.request_object(), client_id=f"{leaf.id}/another")
    leaf.refused(page, *REQUEST, "invalid_trust_chain")


def test_automatic_client_registration_invalid_signature_on_request_object(leaf: Leaf) -> None:
    leaf.refused(leaf.asked(broken(leaf.request_object())), *REQUEST)


def test_automatic_client_registration_invalid_signature_with_other_keys_on_request_object(leaf: Leaf) -> None:
    leaf.refused(leaf.asked(leaf.request_object(new_key("rp-1", "ES256"))), *REQUEST)


def test_automatic_client_registration_invalid_duplicate_request_object_jti(leaf: Leaf) -> None:
    assert leaf.signed_in(leaf.asked(leaf.request_object(jti="the same")))["sub"]
    leaf.refused(leaf.asked(leaf.request_object(jti="the same")), *REQUEST)


@pytest.mark.parametrize("name", ["order", "too-short"])
def test_automatic_client_registration_invalid_trust_chain(leaf: Leaf, name: str) -> None:
    # In the plan until 2025. Here a chain that does not hold is passed over, so that only one who cannot be asked either is refused.
    leaf.suite.entities.remove(leaf.entity)
    chain = leaf.chain()
    bad = list(reversed(chain)) if name == "order" else chain[1:]
    leaf.refused(leaf.asked(leaf.request_object(header={"trust_chain": bad})), *REQUEST)
    assert leaf.signed_in(leaf.asked(leaf.request_object(header={"trust_chain": chain})))["sub"]
