"""What OpenID Connect Registration asks beyond RFC 7591: ids and secrets of one's own, both or neither of the management pair, names as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.whole_app import CALLBACK, WholeApp

UNKNOWN = {"shoe_size": 42, "x": {"y": []}, "tls_client_auth": "CN=x", "client_name#fr": "Portail"}


@pytest.mark.spec("OIDC Registration", "3.2")
def test_no_two_registrations_share_an_id_a_secret_or_a_management_token(app: WholeApp) -> None:
    initial = app.initial_token(uses=3)
    said = [app.registered(initial) for _ in range(3)]
    for name in ("client_id", "client_secret", "registration_access_token", "registration_client_uri"):
        assert len({one[name] for one in said}) == 3, name


@pytest.mark.spec("OIDC Registration", "4.1")
@pytest.mark.spec("OIDC Registration", "3.2")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_jwt", "private_key_jwt", "none"])
def test_the_address_of_the_registration_and_its_token_come_together_and_the_address_is_whole(
    app: WholeApp, method: str
) -> None:
    keys = {"jwks_uri": "https://app.example.vn/jwks"} if method == "private_key_jwt" else {}
    said = app.registered(token_endpoint_auth_method=method, **keys)
    assert said["registration_client_uri"].startswith("https://id.example.vn/")
    assert app.call("GET", said["registration_client_uri"], token=said["registration_access_token"]).status == 200
    assert ("client_secret" in said) is ("client_secret_expires_at" in said) is method.startswith("client_secret")


@pytest.mark.spec("OIDC Registration", "3.2")
def test_what_was_filled_in_or_replaced_is_in_the_answer_and_what_nobody_knows_is_ignored(app: WholeApp) -> None:
    initial = app.initial_token(scope=["openid", "email"])
    said = app.registered(initial, scope="openid email phone", redirect_uris=[f"{CALLBACK}?b=2", CALLBACK], **UNKNOWN)
    assert said["scope"] == "email openid", "replaced"
    assert (said["application_type"], said["token_endpoint_auth_method"]) == ("web", "client_secret_basic"), "filled in"
    assert said["redirect_uris"] == [f"{CALLBACK}?b=2", CALLBACK], "never replaced"
    assert not UNKNOWN.keys() & said.keys()


@pytest.mark.spec("OIDC Registration", "2.1")
@pytest.mark.parametrize("name", ["Cổng dịch vụ", "Portail de Đà Nẵng", "ポータル"])
def test_a_name_without_a_language_is_shown_as_it_is(app: WholeApp, name: str) -> None:
    said = app.registered(client_name=name)
    assert said["client_name"] == name
    assert app.manage("GET", said).json["client_name"] == name
    client = app.world.wiring.clients.known(said["client_id"])
    assert {client.client_name.get("vi"), client.client_name.get("en", name)} == {name}


@pytest.mark.spec("OIDC Core", "8.1")
@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.parametrize(
    "metadata",
    [
        {"id_token_encrypted_response_enc": "A128GCM"},
        {"userinfo_encrypted_response_enc": "A128GCM"},
        {"request_object_encryption_enc": "A128GCM"},
        {"token_endpoint_auth_signing_alg": "none", "token_endpoint_auth_method": "private_key_jwt"},
        {"jwks_uri": "http://app.example.vn/jwks"},
        {"sector_identifier_uri": "http://app.example.vn/sector"},
        {"initiate_login_uri": "http://app.example.vn/start"},
        {"response_types": ["code id_token"]},
        {"grant_types": ["refresh_token"]},
        {"grant_types": ["client_credentials"], "response_types": ["code"]},
    ],
)
def test_fields_that_break_the_text_do_not_register(app: WholeApp, metadata: dict[str, Any]) -> None:
    answer = app.register(app.initial_token(grant_types=["authorization_code", "client_credentials"]), **metadata)
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


@pytest.mark.spec("OIDC Registration", "6")
@pytest.mark.parametrize("name", ["Redirect_uris", "redirect_uris ", "redirect\u200b_uris", "ｒedirect_uris"])
def test_a_member_whose_name_is_only_alike_is_another_one(app: WholeApp, name: str) -> None:
    answer = app.call("POST", "/register", {name: [CALLBACK]}, app.initial_token())
    assert (answer.status, answer.json["error"]) == (400, "invalid_redirect_uri")
    escaped = b'{"redirect\\u005furis": ["%s"]}' % CALLBACK.encode()
    assert app.call("POST", "/register", escaped, app.initial_token()).json["redirect_uris"] == [CALLBACK]
