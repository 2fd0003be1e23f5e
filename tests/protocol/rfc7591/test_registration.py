"""Dynamic registration: who may, what comes back, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from idp.storage.tables import clients
from tests.support.stores import stored
from tests.support.token_world import TokenWorld, basic
from tests.support.whole_app import CALLBACK, WholeApp

DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.spec("OIDC Registration", "3")
@pytest.mark.spec("RFC 7592", "3")
@pytest.mark.spec("OIDC Registration", "3.2")
@pytest.mark.spec("RFC 7591", "3.2.1")
def test_client_gets_its_id_secret_and_everything_that_was_registered(app: WholeApp) -> None:
    answer = app.register(app.initial_token(), client_name="Ứng dụng", scope="openid email")
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json
    assert said["client_name"] == "Ứng dụng"
    assert said["redirect_uris"] == [CALLBACK]
    assert said["scope"] == "email openid"
    assert said["client_secret_expires_at"] == 0
    assert said["client_id_issued_at"] == app.world.clock.now()
    assert said["registration_client_uri"] == f"https://id.example.vn/register/{said['client_id']}"
    assert len(said["client_secret"]) >= 43
    assert said["grant_types"] == ["authorization_code"]


@pytest.mark.spec("RFC 7591", "5")
def test_secrets_of_a_registration_are_stored_as_digests_only(app: WholeApp) -> None:
    initial = app.initial_token()
    said = app.registered(initial)
    [row] = stored(app.world.database, clients, client_id=said["client_id"])
    for secret in (initial, said["client_secret"], said["registration_access_token"]):
        assert secret not in row["document"]
    [event] = app.world.events("client:add", client_id=said["client_id"])
    assert (event["outcome"], event["actor"]) == ("done", "anonymous")
    assert "initial_access_token:" in event["detail"]


def test_what_was_registered_works_at_the_token_endpoint(app: WholeApp) -> None:
    said = app.registered(grant_types=["client_credentials"], response_types=[], redirect_uris=[])
    form = {"grant_type": "client_credentials", "client_id": said["client_id"]}
    answer = app.world.post("/token", form, basic_of(said))
    assert answer.status == 200


@pytest.mark.spec("RFC 7591", "3")
def test_registration_is_announced_only_where_it_answers(app: WholeApp, world: TokenWorld) -> None:
    assert app.call("GET", DISCOVERY).json["registration_endpoint"] == "https://id.example.vn/register"
    closed = WholeApp(world)
    assert "registration_endpoint" not in closed.call("GET", DISCOVERY).json
    assert closed.register().status == 404


@pytest.mark.spec("OIDC Registration", "3")
@pytest.mark.spec("RFC 7591", "3")
@pytest.mark.parametrize("token", ["", "iat_nobody", "x" * 500])
def test_without_a_good_initial_access_token_nothing_is_registered(app: WholeApp, token: str) -> None:
    answer = app.register(token)
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert stored(app.world.database, clients) == []
    assert app.world.events("client:register")[-1]["outcome"] == "refused"


@pytest.mark.spec("OIDC Registration", "3")
@pytest.mark.spec("RFC 6750", "2.3")
def test_token_in_the_query_or_the_body_counts_for_nothing(app: WholeApp) -> None:
    token = app.initial_token()
    document = {"redirect_uris": [CALLBACK], "access_token": token}
    assert app.call("POST", f"/register?access_token={token}", document).status == 401


def test_token_registers_as_often_as_it_says_and_mistakes_cost_nothing(app: WholeApp) -> None:
    token = app.initial_token(uses=2)
    assert app.register(token, redirect_uris=["http://bad.example/"]).status == 400
    assert [app.register(token).status for _ in range(3)] == [201, 201, 401]


def test_token_ends_with_its_time_and_with_its_revocation(app: WholeApp) -> None:
    token, other = app.initial_token(lifetime=60), app.initial_token()
    app.world.clock.advance(60)
    assert app.register(token).status == 401
    revoked = app.world.wiring.initial_tokens.all()[-1]
    app.world.wiring.initial_tokens.revoke(revoked.id, "test")
    assert app.register(other).status == 401
    assert app.world.events("initial-token:revoke")[0]["target"] == f"initial-token:{revoked.id}"


@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.spec("RFC 7591", "2")
def test_owner_basis_and_purpose_are_the_terms_whatever_the_client_says(app: WholeApp) -> None:
    said = app.registered(
        unit="99", legal_basis="public_duty", purpose="Khác", consent="notice", minimum_acr="urn:dinhdanh:loa:1"
    )
    assert (said["unit"], said["legal_basis"], said["consent"]) == ("48", "consent", "ask")
    assert said["purpose"]["vi"] == "Xác định người nộp hồ sơ"


@pytest.mark.spec("RFC 7591", "2")
def test_scope_is_cut_to_the_terms_and_identity_needs_them_to_say_so(app: WholeApp) -> None:
    assert "identity" not in app.registered(scope="openid identity email")["scope"]
    assert "identity" not in app.registered()["scope"].split()
    generous = app.initial_token(scope=["openid", "identity"])
    assert app.registered(generous, scope="openid identity email")["scope"] == "identity openid"


def test_client_that_may_ask_nothing_of_what_it_wants_is_refused(app: WholeApp) -> None:
    answer = app.register(app.initial_token(scope=["openid"]), scope="email")
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


def test_grants_are_cut_to_the_terms(app: WholeApp) -> None:
    token = app.initial_token(grant_types=["authorization_code"], uses=2)
    said = app.registered(token, grant_types=["authorization_code", "client_credentials"])
    assert said["grant_types"] == ["authorization_code"]
    assert app.register(token, grant_types=["client_credentials"]).status == 400


@pytest.mark.parametrize("beside", [[], ["refresh_token"]])
def test_client_of_whose_grants_none_is_allowed_hears_which_are(app: WholeApp, beside: list[str]) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"
    answer = app.register(app.initial_token(), grant_types=[device, *beside], redirect_uris=[], response_types=[])
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert (
        "grant_types: may hold authorization_code, client_credentials, refresh_token"
        in answer.json["error_description"]
    )
    odd = app.register(app.initial_token(), grant_types=[device, {}, []])
    assert odd.status == 400


@pytest.mark.spec("RFC 9700", "4.15.1")
def test_own_id_secret_and_sector_are_an_operators_to_choose(app: WholeApp) -> None:
    said = app.registered(client_id="portal", client_secret="x" * 40, sector="sec_0")
    assert said["client_id"] != "portal"
    assert said["client_secret"] != "x" * 40
    [row] = stored(app.world.database, clients, client_id=said["client_id"])
    assert row["sector_id"] != "sec_0"


@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.spec("OIDC Registration", "3.3")
@pytest.mark.spec("RFC 7591", "3.2.2")
@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"redirect_uris": ["http://app.example.vn/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example.vn/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://app.example.vn/"}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "magic"}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
        ({"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"client_name": "a\u202eb"}, "invalid_client_metadata"),
        ({"response_types": ["code id_token nonsense"]}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
    ],
)
def test_wrong_metadata_is_named(app: WholeApp, metadata: dict[str, Any], error: str) -> None:
    answer = app.register(app.initial_token(), **metadata)
    assert (answer.status, answer.json["error"]) == (400, error)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"scope":"openid","scope":"identity"}', b"\xff", b"[" * 9000])
def test_what_is_no_object_or_repeats_a_name_is_refused(app: WholeApp, body: bytes) -> None:
    answer = app.call("POST", "/register", body, app.initial_token())
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


@pytest.mark.spec("RFC 7591", "3")
@pytest.mark.spec("OIDC Registration", "3")
def test_form_is_no_registration(app: WholeApp) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert app.call("POST", "/register", b"redirect_uris=x", headers=form).json["error"] == "invalid_request"
    assert app.call("GET", "/register").json["error"] == "invalid_request"


def test_pkce_is_what_the_province_requires(app: WholeApp) -> None:
    assert app.registered(require_pkce=False)["require_pkce"] is True
    lenient = app.initial_token(require_pkce=False, uses=3)
    assert app.registered(lenient)["require_pkce"] is False
    assert app.registered(lenient, require_pkce=True)["require_pkce"] is True
    assert app.registered(lenient, token_endpoint_auth_method="none")["require_pkce"] is True


def test_client_without_a_name_is_called_by_where_it_sends_people(app: WholeApp) -> None:
    assert app.registered()["client_name"] == "app.example.vn"


def basic_of(said: dict[str, Any]) -> str:

    return basic(said["client_id"], said["client_secret"])


def test_a_grant_of_the_registry_is_registered_where_the_terms_name_it(app: WholeApp) -> None:
    device, ciba = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"
    wanted = ["authorization_code", device]
    assert app.registered(grant_types=wanted)["grant_types"] == ["authorization_code"]
    named = app.initial_token(grant_types=[*wanted, ciba])
    assert set(app.registered(named, grant_types=wanted)["grant_types"]) == set(wanted)
