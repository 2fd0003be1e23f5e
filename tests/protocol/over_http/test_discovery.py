"""Discovery is the truth: what it announces works, and what it does not announce does not answer."""

from __future__ import annotations

import pytest
import requests
from authlib.oidc.discovery import OpenIDProviderMetadata

from tests.support.browser import Browser, Person
from tests.support.rp import RelyingParty
from tests.support.world import World


@pytest.mark.spec("RFC 8414", "3.3")
@pytest.mark.spec("OIDC Discovery", "4.3")
@pytest.mark.spec("OIDC Discovery", "4.2")
@pytest.mark.spec("OIDC Discovery", "3")
@pytest.mark.spec("RFC 8414", "2")
def test_the_document_is_valid_for_an_independent_validator(rp: RelyingParty) -> None:
    document = OpenIDProviderMetadata(rp.discovery)
    for member in document.REGISTRY_KEYS:
        if member not in {"issuer", *(f"{one}_endpoint" for one in ("authorization", "token", "userinfo")), "jwks_uri"}:
            getattr(document, f"validate_{member}")()
    # The validator knows no loopback: of the addresses it would only say that they are not https.
    assert document["issuer"].startswith("http://localhost:")


@pytest.mark.spec("RFC 8414", "3.1")
@pytest.mark.spec("OIDC Discovery", "4")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("RFC 8414", "3")
def test_both_well_known_addresses_say_the_same(world: World, rp: RelyingParty) -> None:
    answer = requests.get(f"{world.issuer}/.well-known/oauth-authorization-server", timeout=30)
    assert answer.json() == rp.discovery
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.spec("OIDC RP-Initiated Logout", "2.1")
@pytest.mark.spec("OIDC Discovery", "4")
def test_every_announced_endpoint_answers(world: World, rp: RelyingParty) -> None:
    endpoints = [value for name, value in rp.discovery.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(endpoints) >= 7
    for endpoint in endpoints:
        assert endpoint.startswith(f"{world.issuer}/")
        status = requests.get(endpoint, timeout=30, allow_redirects=False).status_code
        assert status != requests.codes.not_found, endpoint
        assert status < 500, endpoint


@pytest.mark.parametrize("path", ["/register", "/metrics"])
def test_what_is_not_announced_does_not_answer(world: World, path: str, rp: RelyingParty) -> None:
    assert f"{world.issuer}{path}" not in rp.discovery.values()
    assert requests.post(f"{world.issuer}{path}", data={}, timeout=30).status_code == requests.codes.not_found


@pytest.mark.spec("RFC 7517", "5")
def test_the_key_set_holds_public_keys_only_and_says_how_long_it_may_be_kept(rp: RelyingParty) -> None:
    answer = requests.get(rp.discovery["jwks_uri"], timeout=30)
    assert "max-age=900" in answer.headers["Cache-Control"]
    for key in answer.json()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
    algs = {key["alg"] for key in answer.json()["keys"]}
    assert set(rp.discovery["id_token_signing_alg_values_supported"]) <= algs
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert requests.get(rp.discovery["jwks_uri"], headers=tag, timeout=30).status_code == requests.codes.not_modified


@pytest.mark.spec("OIDC Core", "15.1")
@pytest.mark.spec("OIDC Core", "10.1")
@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256", "EdDSA"])
@pytest.mark.spec("OIDC Core", "3.1.3.6")
def test_every_announced_algorithm_signs_id_tokens_with_its_at_hash(
    world: World, person: Person, browser: Browser, rp: RelyingParty, alg: str
) -> None:
    assert alg in rp.discovery["id_token_signing_alg_values_supported"]
    tokens = world.sign_in(world.rp(id_token_signed_response_alg=alg), person, browser)
    assert tokens.claims["sub"]


@pytest.mark.spec("OIDC Discovery", "3")
def test_every_announced_claim_comes_for_somebody_or_belongs_to_the_protocol(
    world: World, rp: RelyingParty, browser: Browser
) -> None:
    person = world.person(
        middle_name="Văn", family_name="Công", given_name="Mẫu", nickname="Mẫu", preferred_username="mau",
        website="https://example.vn", zoneinfo="Asia/Ho_Chi_Minh", locale="vi", email_verified="true",
        picture="https://example.vn/p.png", profile="https://example.vn/p", phone_number_verified="true",
        address_formatted="1 Đường Mẫu, Đà Nẵng",
    )  # fmt: skip
    announced = set(rp.discovery["claims_supported"])
    every = Person(person.code, person.password, optional_claims=tuple(announced))
    tokens = world.sign_in(rp, every, browser, scope="openid profile email phone address identity")
    shown = set(rp.userinfo(tokens).json()) | set(tokens.claims)
    # The sample person lives in no unit of an empty register, holds no office, and acts for nobody.
    assert announced - shown <= {"unit", "roles", "act", "on_behalf_of"}


@pytest.mark.spec("OIDC Core", "5.4")
@pytest.mark.parametrize("scope", ["profile", "email", "phone", "address", "identity", "offline_access"])
def test_every_announced_scope_may_be_asked(world: World, person: Person, rp: RelyingParty, scope: str) -> None:
    assert scope in rp.discovery["scopes_supported"]
    tokens = world.sign_in(rp, person, scope=f"openid {scope}")
    assert scope in tokens.response["scope"].split()
