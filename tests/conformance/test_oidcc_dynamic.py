"""The dynamic plan, and config: what a provider says of itself, and clients that register, publish keys and requests, and go.

Each test is one module of the OpenID Foundation's suite in our own words, and named after it. Clients authenticate by
``private_key_jwt`` with an RSA key, as the plan does.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt
import orjson
import pytest
import requests

from tests.conformance.conftest import Deployment
from tests.conformance.dynamic import CALLBACK, Registrant
from tests.conformance.suite import Suite, query_of
from tests.conformance.variants import Variant
from tests.support.client_keys import key_set, new_key
from tests.support.web_pages import WebPages

pytestmark = pytest.mark.slow
CODE = Variant("code")
ONE_PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@pytest.fixture
def pages() -> Iterator[WebPages]:
    """Yield the suite's own web server."""
    with WebPages() as server:
        yield server


@pytest.fixture
def registrant(deployment: Deployment) -> Iterator[Registrant]:
    """Yield somebody who registers clients; they are taken away at the end, as the suite does."""
    made = Registrant(deployment)
    yield made
    made.unregister()


def test_oidcc_discovery_endpoint_verification(deployment: Deployment) -> None:
    issuer = deployment.world.issuer
    answer = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    metadata = answer.json()
    assert metadata["issuer"] == issuer
    assert {"code", "id_token", "id_token token"} <= set(metadata["response_types_supported"])
    assert {"authorization_code", "implicit"} <= set(metadata["grant_types_supported"])
    assert set(metadata["subject_types_supported"]) <= {"pairwise", "public"}
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert "RS256" in metadata["userinfo_signing_alg_values_supported"]
    assert "RS256" in metadata["request_object_signing_alg_values_supported"]
    assert metadata["claims_parameter_supported"] is True
    assert metadata["request_parameter_supported"] is True
    assert metadata["request_uri_parameter_supported"] is True
    assert "openid" in metadata["scopes_supported"]
    assert {"sub", "name", "email"} <= set(metadata["claims_supported"])
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    for name, value in metadata.items():
        # The suite asks for https; over loopback the issuer's own origin stands for it.
        assert not name.endswith("_endpoint") or value.startswith(f"{issuer}/"), name
    for key in requests.get(metadata["jwks_uri"], timeout=30).json()["keys"]:
        assert key["kty"] in {"RSA", "EC", "OKP"}
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & set(key)


def test_oidcc_server_with_a_registered_client(registrant: Registrant) -> None:
    assert registrant.suite().run().claims["sub"]


@pytest.mark.parametrize("kind", ["id_token", "id_token token", "code id_token", "code token", "code id_token token"])
def test_oidcc_server_with_a_registered_client_of_another_type(registrant: Registrant, kind: str) -> None:
    assert registrant.suite(Variant(kind)).run().claims["sub"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"])
def test_oidcc_server_with_another_client_authentication(registrant: Registrant, method: str) -> None:
    suite = registrant.suite(token_endpoint_auth_method=method)
    pkce = {} if method != "none" else registrant.pkce()
    attempt = suite.request(**{name: value for name, value in pkce.items() if name != "verifier"})
    assert suite.complete(registrant.with_verifier(attempt, pkce), suite.walk(attempt)).claims["sub"]


def test_oidcc_idtoken_rs256(registrant: Registrant) -> None:
    assert registrant.suite(id_token_signed_response_alg="RS256").run().claims["sub"]


def test_oidcc_userinfo_rs256(registrant: Registrant) -> None:
    suite = registrant.suite(userinfo_signed_response_alg="RS256")
    outcome = suite.run()
    answer = suite.rp.userinfo(outcome.access_token)
    assert answer.headers["Content-Type"].partition(";")[0] == "application/jwt"
    signed = jwt.get_unverified_header(answer.text)
    assert signed["alg"] == "RS256"
    key = suite.rp.key(signed["kid"], "RS256")
    claims = jwt.decode(answer.text, key, ["RS256"], audience=suite.rp.client_id, issuer=suite.world.issuer)
    assert claims["sub"] == outcome.claims["sub"]
    assert "nonce" not in claims


def test_oidcc_ensure_redirect_uri_in_authorization_request(registrant: Registrant) -> None:
    suite = registrant.suite()
    page = suite.signed_out_page(suite.request(redirect_uri=None))
    assert page.callback is None
    assert (page.status, page.text_of("error-code")) == (400, "invalid_request")


def test_oidcc_redirect_uri_query_ok(registrant: Registrant) -> None:
    suite = registrant.suite(redirect_uris=[f"{CALLBACK}?foo=bar&x=y"])
    attempt = suite.request()
    page = suite.walk(attempt)
    query = query_of(page)
    assert (query["foo"], query["x"]) == (["bar"], ["y"]), "the registered query has to stay"
    answer = suite.rp.redemption(attempt, query["code"][0])
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        pytest.param("?foo=bar", "?foo=baz", id="oidcc-redirect-uri-query-mismatch"),
        pytest.param("?foo=bar", "?bar=foo", id="oidcc-redirect-uri-query-mismatch-by-name"),
        pytest.param("", "?foo=bar", id="oidcc-redirect-uri-query-added"),
        pytest.param("?foo=bar", "", id="query-left-out"),
    ],
)
def test_oidcc_redirect_uri_query_mismatch_and_added(registrant: Registrant, registered: str, asked: str) -> None:
    suite = registrant.suite(redirect_uris=[f"{CALLBACK}{registered}"])
    page = suite.signed_out_page(suite.request(redirect_uri=f"{CALLBACK}{asked}"))
    assert page.callback is None
    assert (page.status, page.text_of("error-code")) == (400, "invalid_request")


def test_oidcc_redirect_uri_regfrag(registrant: Registrant) -> None:
    answer = registrant.asked(redirect_uris=[f"{CALLBACK}#foobar"])
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_redirect_uri", "invalid_client_metadata"}


def test_oidcc_registration_logo_uri(registrant: Registrant, pages: WebPages) -> None:
    logo = pages.put("/logo.svg", ONE_PIXEL, content_type="image/svg+xml")
    suite = registrant.suite(logo_uri=logo)
    assert suite.signed_out_page(suite.request()).form("login-form")


@pytest.mark.parametrize("name", ["policy_uri", "tos_uri"])
def test_oidcc_registration_policy_uri_and_tos_uri(registrant: Registrant, pages: WebPages, name: str) -> None:
    url = pages.put("/read-me", b"<!doctype html><title>x</title>", content_type="text/html")
    metadata: dict[str, Any] = {name: url}
    suite = registrant.suite(**metadata)
    page = suite.browser.open(suite.request().url)
    assert page.soup.find("a", href=url), f"the sign-in page has to link the {name}"
    typed = {"identity_code": suite.person.code, "password": suite.person.password}
    page = suite.browser.submit(page, "login-form", "login-submit", **typed)
    assert page.form("consent-form")
    assert page.soup.find("a", href=url), f"the consent page has to link the {name}"


def test_oidcc_registration_jwks_uri(registrant: Registrant, pages: WebPages) -> None:
    url = pages.put("/jwks", orjson.dumps(key_set(registrant.key)))
    assert registrant.suite(jwks=None, jwks_uri=url).run().claims["sub"]


def test_oidcc_registration_sector_uri(registrant: Registrant, pages: WebPages) -> None:
    url = pages.put("/redirect_uris.json", orjson.dumps([CALLBACK]))
    answer = registrant.asked(subject_type="pairwise", sector_identifier_uri=url)
    assert answer.status_code == 201, answer.text


def test_oidcc_registration_sector_bad(registrant: Registrant, pages: WebPages) -> None:
    url = pages.put("/redirect_uris.json", orjson.dumps([f"{CALLBACK}/other"]))
    answer = registrant.asked(subject_type="pairwise", sector_identifier_uri=url)
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_oidcc_refresh_token_rp_key_rotation(registrant: Registrant, pages: WebPages) -> None:
    url = pages.put("/jwks", orjson.dumps(key_set(registrant.key)))
    grants = ["authorization_code", "refresh_token"]
    suite = registrant.suite(jwks=None, jwks_uri=url, grant_types=grants)
    outcome = suite.run(scope="openid offline_access", prompt="consent")
    registrant.key = new_key(secrets.token_hex(4), "RS256")
    pages.put("/jwks", orjson.dumps(key_set(registrant.key)))
    # The suite waits a minute here; a key that nobody knows is looked for sooner, at most every few seconds.
    answer: requests.Response | None = None
    deadline = time.monotonic() + 60
    while answer is None or (answer.status_code == 401 and time.monotonic() < deadline):
        answer = suite.rp.post("token", grant_type="refresh_token", refresh_token=outcome.answer["refresh_token"])
    assert suite.rp.checked(answer, None).sub == outcome.claims["sub"]


def request_object(suite: Suite, registrant: Registrant, parameters: Mapping[str, str], **changes: Any) -> str:
    """Return a request object as the suite signs it: with ``aud`` and ``iss``, without a type."""
    own = {"iss": suite.rp.client_id, "aud": suite.world.issuer}
    return registrant.key.sign({**parameters, **own, **changes})


@pytest.mark.parametrize("fragment", ["#" + secrets.token_urlsafe(32), ""], ids=["with-fragment", "without-fragment"])
def test_oidcc_request_uri_signed_rs256(registrant: Registrant, pages: WebPages, fragment: str) -> None:
    # OpenID Connect Core section 6.2: the fragment tells contents apart; the suite's is made before there are any.
    url = f"http://{pages.host}/request/{secrets.token_hex(8)}{fragment}"
    suite = registrant.suite(request_uris=[url], request_object_signing_alg="RS256")
    attempt = suite.request()
    body = request_object(suite, registrant, attempt.parameters).encode()
    pages.put(urlsplit(url).path, body, content_type="application/jose")
    shown = suite.rp.begin(
        state=None, nonce=None, code_challenge=None, code_challenge_method=None, redirect_uri=None, request_uri=url
    )
    assert suite.complete(attempt, suite.browser.walk(shown.url, suite.person)).claims["sub"]


def test_oidcc_request_object_signed_by_value(registrant: Registrant) -> None:
    suite = registrant.suite(request_object_signing_alg="RS256")
    attempt = suite.request()
    token = request_object(suite, registrant, attempt.parameters)
    shown = suite.rp.begin(
        state="another", nonce="another", code_challenge=None, code_challenge_method=None, request=token
    )
    assert suite.complete(attempt, suite.browser.walk(shown.url, suite.person)).claims["sub"]


@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(registrant: Registrant, audience: str) -> None:
    suite = registrant.suite()
    registrant.audience = suite.rp.discovery[audience]
    assert suite.run().claims["sub"]


def test_oidcc_refresh_token_with_a_registered_client(registrant: Registrant) -> None:
    suite = registrant.suite(grant_types=["authorization_code", "refresh_token"])
    outcome = suite.run(scope="openid offline_access", prompt="consent")
    answer = suite.rp.post(
        "token", grant_type="refresh_token", refresh_token=outcome.answer["refresh_token"], scope="openid"
    )
    assert suite.rp.checked(answer, None).sub == outcome.claims["sub"]


def test_oidcc_server_rotate_keys(deployment: Deployment) -> None:
    url = f"{deployment.world.issuer}/jwks"
    before = {key["kid"] for key in requests.get(url, timeout=30).json()["keys"]}
    deployment.world.provider.idp_json("keys", "rotate", "--force", "--reason", "suite")
    deadline = time.monotonic() + 30
    after = before
    while after == before and time.monotonic() < deadline:
        after = {key["kid"] for key in requests.get(url, timeout=30).json()["keys"]}
    assert after > before, "there is a new key, and the former ones stay"


def test_oidcc_3rd_party_init_login(registrant: Registrant) -> None:
    uri = "https://suite.example.vn/test/a/alias/initiate_login"
    client = registrant.asked(initiate_login_uri=uri).json()
    headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
    answer = requests.get(client["registration_client_uri"], headers=headers, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert client["initiate_login_uri"] == answer.json()["initiate_login_uri"] == uri


def test_oidcc_3rd_party_init_login_nohttps(registrant: Registrant) -> None:
    answer = registrant.asked(initiate_login_uri="http://suite.example.vn/test/a/alias/initiate_login")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
