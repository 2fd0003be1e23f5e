"""The client configuration endpoint: read, update, delete, each by the registration access token alone."""

from __future__ import annotations

from typing import Any

import pytest

from clients.documents import to_metadata
from idp.storage.tables import clients
from tests.support.stores import stored
from tests.support.token_world import basic
from tests.support.whole_app import CALLBACK, WholeApp, editable


@pytest.mark.spec("RFC 7592", "3")
@pytest.mark.spec("RFC 7592", "2.1")
def test_client_reads_what_is_registered(app: WholeApp) -> None:
    said = app.registered(scope="openid email")
    answer = app.manage("GET", said)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json == {name: value for name, value in said.items() if name != "client_secret"}


@pytest.mark.spec("RFC 7592", "2.2")
def test_update_replaces_the_metadata_as_a_whole_and_changes_the_token(app: WholeApp) -> None:
    said = app.registered(client_name="Cũ", client_uri="https://app.example.vn/")
    body = editable(said, client_name="Mới")
    del body["client_uri"]
    answer = app.manage("PUT", said, body)
    assert answer.status == 200
    assert (answer.json["client_name"], answer.json["client_id"]) == ("Mới", said["client_id"])
    assert "client_uri" not in answer.json
    assert answer.json["registration_access_token"] != said["registration_access_token"]
    assert app.manage("GET", said).status == 401
    assert app.manage("GET", answer.json).json["client_name"] == "Mới"
    [event] = app.world.events("client:update", client_id=said["client_id"])
    assert event["actor"] == f"client:{said['client_id']}"


@pytest.mark.spec("OIDC Registration", "7")
@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": None},
        {"client_id": "other"},
        {"client_secret": "wrong"},
        {"registration_access_token": "x"},
        {"registration_client_uri": "x"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 1},
        {"redirect_uris": ["http://app.example.vn/"]},
        {"redirect_uris": []},
        {"id_token_signed_response_alg": "none"},
        {"sector_id": "sec_other"},
        {"logo_uri": "data:text/html,x"},
    ],
)
def test_update_is_checked_like_a_registration(app: WholeApp, wrong: dict[str, Any]) -> None:
    said = app.registered()
    answer = app.manage("PUT", said, {**editable(said), **wrong})
    assert answer.status == 400
    assert answer.json["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}
    assert app.manage("GET", said).json["redirect_uris"] == [CALLBACK]


@pytest.mark.spec("RFC 7592", "2.2")
def test_secret_may_be_repeated_and_never_chosen(app: WholeApp) -> None:
    said = app.registered()
    answer = app.manage("PUT", said, editable(said))
    assert answer.status == 200
    assert "client_secret" not in answer.json


@pytest.mark.spec("RFC 7592", "2.2")
def test_scope_and_owner_do_not_grow_by_an_update(app: WholeApp) -> None:
    said = app.registered(app.initial_token(scope=["openid", "email"]), scope="openid")
    wider = editable(said, scope="openid email phone identity", unit="99", legal_basis="public_duty", consent="notice")
    answer = app.manage("PUT", said, wider)
    assert answer.json["scope"] == "email openid"
    assert (answer.json["unit"], answer.json["legal_basis"], answer.json["consent"]) == ("48", "consent", "ask")


def test_pkce_cannot_be_updated_away(app: WholeApp) -> None:
    said = app.registered()
    assert app.manage("PUT", said, editable(said, require_pkce=False)).json["require_pkce"] is True


def test_public_client_that_becomes_confidential_gets_a_secret(app: WholeApp) -> None:
    said = app.registered(token_endpoint_auth_method="none")
    assert "client_secret" not in said
    answer = app.manage("PUT", said, editable(said, token_endpoint_auth_method="client_secret_basic"))
    assert len(answer.json["client_secret"]) >= 43
    asked = app.world.post("/introspect", {"token": "x"}, basic(said["client_id"], answer.json["client_secret"]))
    assert asked.status == 200


@pytest.mark.spec("RFC 7592", "5")
@pytest.mark.spec("RFC 7592", "2.3")
def test_deleted_client_is_gone_with_everything_that_it_held(app: WholeApp) -> None:
    said = app.registered(grant_types=["client_credentials"], response_types=[])
    authorization = basic(said["client_id"], said["client_secret"])
    form = {"grant_type": "client_credentials"}
    assert app.world.post("/token", form, authorization).status == 200
    answer = app.manage("DELETE", said)
    assert (answer.status, answer.body) == (204, b"")
    assert app.manage("GET", said).status == 401
    assert app.world.post("/token", form, authorization).status == 401
    [row] = stored(app.world.database, clients, client_id=said["client_id"])
    assert row["state"] == "removed"


@pytest.mark.spec("OIDC Registration", "4.1")
@pytest.mark.spec("RFC 7592", "2.3")
@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.spec("OIDC Registration", "4.4")
@pytest.mark.spec("OIDC Registration", "4")
@pytest.mark.spec("RFC 7592", "2.1")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_token_of_another_client_and_unknown_clients_are_the_same_refusal(app: WholeApp, method: str) -> None:
    said, other = app.registered(), app.registered()
    body = editable(said) if method == "PUT" else None
    answers = [
        app.manage(method, said, body, other["registration_access_token"]),
        app.manage(method, said, body, said["client_secret"]),
        app.manage(method, {"client_id": "nobody"}, body, other["registration_access_token"]),
        app.manage(method, said, body, ""),
    ]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.json["error_description"] for answer in answers}) == 1
    assert all(answer.headers["www-authenticate"].startswith("Bearer ") for answer in answers)
    assert ['error="invalid_token"' in answer.headers["www-authenticate"] for answer in answers] == [True] * 3 + [False]
    assert app.manage("GET", said).status == 200


@pytest.mark.spec("RFC 7592", "2")
def test_initial_access_token_manages_nothing(app: WholeApp) -> None:
    initial = app.initial_token(uses=5)
    said = app.registered(initial)
    assert app.manage("GET", said, None, initial).status == 401
    assert app.register(said["registration_access_token"]).status == 401


@pytest.mark.spec("RFC 7592", "2")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_another_method_is_405_and_changes_nothing(app: WholeApp, method: str) -> None:
    said = app.registered(client_name="Cũ")
    assert app.manage(method, said, editable(said, client_name="Mới")).status == 405
    assert app.manage("GET", said).json["client_name"] == "Cũ"


@pytest.mark.spec("RFC 7592", "5")
def test_registration_access_tokens_cannot_be_guessed(app: WholeApp) -> None:
    tokens = {app.registered()["registration_access_token"] for _ in range(3)}
    assert len(tokens) == 3
    assert min(len(token.removeprefix("rat_")) for token in tokens) >= 43, "256 bits in base64url"


def test_client_of_an_operator_has_no_token_and_cannot_be_managed(app: WholeApp) -> None:
    portal = app.world.add_client()
    for token in ("", "0" * 64, "rat_"):
        assert app.manage("GET", {"client_id": portal.client.client_id}, None, token).status == 401


@pytest.mark.spec("OIDC Registration", "4.4")
@pytest.mark.spec("RFC 7592", "2.3")
@pytest.mark.spec("RFC 7592", "2.2")
@pytest.mark.spec("RFC 7592", "2.1")
def test_suspended_client_may_not_even_read(app: WholeApp) -> None:
    said = app.registered()
    app.world.wiring.clients.set_state(said["client_id"], "suspended")
    answers = [app.manage("GET", said), app.manage("PUT", said, editable(said)), app.manage("DELETE", said)]
    assert {answer.status for answer in answers} == {403}


def test_two_updates_at_once_do_not_both_count(app: WholeApp) -> None:
    said = app.registered()
    service = app.world.wiring.registrations
    seen = service.authenticated(said["client_id"], said["registration_access_token"])
    assert app.manage("PUT", said, editable(said, client_name="Một")).status == 200
    with pytest.raises(Exception, match="changed by somebody else"):
        service.update(seen, editable(said, client_name="Hai"))


def test_operator_sees_no_token_and_keeps_the_terms(app: WholeApp) -> None:
    said = app.registered()
    registry = app.world.wiring.clients
    shown = to_metadata(registry.known(said["client_id"]))
    assert "management_digest" not in shown
    assert "terms" not in shown
    registry.update(said["client_id"], {**shown, "client_name": "Đổi"})
    assert app.manage("GET", said).json["client_name"] == "Đổi"
