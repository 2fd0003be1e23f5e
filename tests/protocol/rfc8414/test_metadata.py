"""Discovery and the JWK set: true, valid by somebody else's rules, cacheable, and there when the database is not."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from idp.errors import StorageUnavailable
from idp.protocol.client_authentication import METHODS
from idp.protocol.client_authentication.registry import BY_CERTIFICATE
from idp.protocol.grants.registry import GRANTS
from idp.protocol.protected_resources import RESOURCES, metadata_url
from idp.storage.sqlite import SqliteDatabase
from policies import claims as claim_policy
from tests.support.clock import FrozenClock
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import Visitor, asked

DISCOVERY = "/.well-known/openid-configuration"
PATHS = (DISCOVERY, "/.well-known/oauth-authorization-server")


@pytest.mark.spec("OIDC Discovery", "3")
def test_authlib_finds_the_document_valid(world: TokenWorld) -> None:
    document = world.get(DISCOVERY).json
    OpenIDProviderMetadata(document).validate()


@pytest.mark.spec("RFC 8414", "2")
def test_authlib_finds_the_oauth_document_valid(world: TokenWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    document = world.get(PATHS[1]).json
    AuthorizationServerMetadata(document).validate()
    assert document == world.get(DISCOVERY).json


@pytest.mark.spec("OpenID Shared Signals", "7.2")
@pytest.mark.spec("RFC 9728", "3")
@pytest.mark.spec("RFC 9728", "3.1")
@pytest.mark.spec("RFC 9728", "3.3")
@pytest.mark.spec("RFC 8414", "3")
@pytest.mark.spec("RFC 8414", "3.1")
@pytest.mark.spec("RFC 8414", "3.3")
def test_where_the_issuer_has_a_path_the_well_known_part_stands_before_it(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock
) -> None:
    issuer = f"{ISSUER}/tinh/id"
    world = TokenWorld(tmp_path, sqlite_database, clock, issuer=issuer)
    # The second form of each is what a proxy leaves of an address that has it behind the path (OpenID Connect Discovery section 4).
    for path in (*(f"{path}/tinh/id" for path in PATHS), *PATHS):
        assert world.get(path).json["issuer"] == issuer
    for resource in RESOURCES:
        address = metadata_url(issuer, resource.path)
        assert address == f"{ISSUER}/.well-known/oauth-protected-resource/tinh/id{resource.path}"
        assert world.get(urlsplit(address).path).json["resource"] == issuer + resource.path
    pages = {route.rule for route in world.wiring.page_routes()}
    assert {"/.well-known/ssf-configuration/tinh/id", "/.well-known/ssf-configuration"} <= pages


def test_where_the_issuer_has_a_path_pages_stand_at_the_root_of_its_host(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock
) -> None:
    """What docs/deployment.md says: the host is the issuer's own, and the proxy takes the path off what begins with it."""
    world = TokenWorld(tmp_path, sqlite_database, clock, issuer=f"{ISSUER}/tinh/id")
    browser = Visitor(world)
    page = browser.authorize(asked(world.add_client()))
    assert (page.form, page.url.startswith("/signin/")) == ("login-form", True)
    named = [str(one.get("href") or one.get("src") or "") for one in page.soup.select("link, script, a")]
    assert [one for one in named if "/tinh/id" in one] == []
    assert browser.open("/account").form == "login-form"
    assert browser.open("/tinh/id/account").status == 404


@pytest.mark.spec("RFC 9700", "4.7.1")
@pytest.mark.spec("RFC 9700", "2.1.1")
def test_document_says_what_the_registries_do(world: TokenWorld) -> None:
    document = world.get(DISCOVERY).json
    assert document["issuer"] == ISSUER
    assert set(document["grant_types_supported"]) == set(GRANTS)
    assert set(document["token_endpoint_auth_methods_supported"]) == set(METHODS) - BY_CERTIFICATE
    assert set(claim_policy.CLAIMS) < set(document["claims_supported"])
    assert document["scopes_supported"] == list(claim_policy.SCOPES)
    assert set(document["id_token_signing_alg_values_supported"]) == set(world.wiring.ring.current.algorithms)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["request_parameter_supported"] is document["request_uri_parameter_supported"] is True


def test_every_announced_endpoint_answers(world: TokenWorld) -> None:
    routes = {*world.wiring.hot_routes(), *(route.rule for route in world.wiring.page_routes())}
    announced = {value for name, value in world.get(DISCOVERY).json.items() if name.endswith(("_endpoint", "_uri"))}
    assert {value.removeprefix(ISSUER) for value in announced} <= routes


@pytest.mark.spec("OIDC Discovery", "4.1")
@pytest.mark.spec("RFC 8414", "3.1")
@pytest.mark.parametrize("path", [*PATHS, "/jwks"])
def test_answer_is_cacheable_and_open_to_scripts(world: TokenWorld, path: str) -> None:
    answer = world.get(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.headers["access-control-allow-origin"] == "*"
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = world.get(path, HTTP_IF_NONE_MATCH=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    for other in ('"other"', '"*"'):
        assert world.get(path, HTTP_IF_NONE_MATCH=other).status == 200
    refused = world.post(path, {})
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.spec("RFC 9728", "2")
@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 7517", "5")
def test_key_set_states_the_configured_lifetime_and_holds_public_parts_only(world: TokenWorld) -> None:
    answer = world.get("/jwks")
    assert answer.headers["cache-control"] == "public, max-age=900"
    for key in answer.json["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()
        assert {"kid", "alg", "use", "kty"} <= key.keys()


def test_rotation_elsewhere_shows_within_a_second(world: TokenWorld) -> None:
    before = {key["kid"] for key in world.get("/jwks").json["keys"]}
    world.another().wiring.key_service.rotate("ES256", world.clock.now(), force=True)
    world.clock.advance(1)
    assert {key["kid"] for key in world.get("/jwks").json["keys"]} > before


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
def test_answer_stays_while_the_database_is_out_of_reach(
    world: TokenWorld, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    before = world.get(path)

    def down(*_arguments: object, **_named: object) -> None:
        raise StorageUnavailable("test")

    monkeypatch.setattr(world.database, "rows", down)
    monkeypatch.setattr(world.database, "row", down)
    monkeypatch.setattr(world.database, "transaction", down)
    world.clock.advance(5)
    after = world.get(path)
    assert (after.status, after.body) == (200, before.body)
