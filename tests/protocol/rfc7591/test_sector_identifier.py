"""``sector_identifier_uri``: fetched by the guarded fetcher, and the redirect URIs have to be in it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.storage.tables import clients
from tests.support.ciba_world import GRANT as CIBA
from tests.support.client_keys import key_set, new_key
from tests.support.stores import stored
from tests.support.web_pages import WebPages
from tests.support.whole_app import CALLBACK, WholeApp, editable


def sector_of(app: WholeApp, said: dict[str, Any]) -> str:
    [row] = stored(app.world.database, clients, client_id=said["client_id"])
    return str(row["sector_id"])


@pytest.mark.spec("OIDC Registration", "5")
def test_clients_whose_redirects_one_host_lists_know_people_by_the_same_subject(app: WholeApp, pages: WebPages) -> None:
    uri = pages.put("/sector.json", orjson.dumps([CALLBACK, "https://other.example.vn/cb"]))
    one = app.registered(sector_identifier_uri=uri)
    other = app.registered(sector_identifier_uri=uri, redirect_uris=["https://other.example.vn/cb"])
    assert one["sector_identifier_uri"] == uri
    assert sector_of(app, one) == sector_of(app, other) != sector_of(app, app.registered())


@pytest.mark.spec("OIDC Registration", "7")
@pytest.mark.spec("OIDC Core", "8.1")
@pytest.mark.spec("OIDC Registration", "5")
def test_redirect_that_the_host_does_not_list_is_refused_at_registration_and_at_update(
    app: WholeApp, pages: WebPages
) -> None:
    uri = pages.put("/sector.json", orjson.dumps([CALLBACK]))
    token = app.initial_token()
    bad = app.register(token, sector_identifier_uri=uri, redirect_uris=[CALLBACK, "https://evil.example/"])
    assert (bad.status, bad.json["error"]) == (400, "invalid_client_metadata")
    said = app.registered(token, sector_identifier_uri=uri)
    again = app.manage("PUT", said, editable(said, redirect_uris=["https://evil.example/"]))
    assert (again.status, again.json["error"]) == (400, "invalid_client_metadata")
    assert app.manage("GET", said).json["redirect_uris"] == [CALLBACK]


@pytest.mark.spec("OIDC Registration", "5")
@pytest.mark.parametrize(
    ("status", "body"), [(404, b"[]"), (302, b"[]"), (200, b"{}"), (200, b"[1]"), (200, b"["), (200, b"[" * 300_000)]
)
def test_document_that_is_no_list_of_redirects_is_refused(
    app: WholeApp, pages: WebPages, status: int, body: bytes
) -> None:
    pages.headers["/s"] = {"Location": "/elsewhere"} if status == 302 else {}
    answer = app.register(app.initial_token(), sector_identifier_uri=pages.put("/s", body, status))
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert pages.asked == ["/s"]


@pytest.mark.spec("CIBA Core", "4")
@pytest.mark.spec("OIDC Registration", "5")
def test_a_client_without_redirects_shares_a_sector_only_by_keys_that_are_listed_and_prove_it(
    app: WholeApp, pages: WebPages
) -> None:
    keys = pages.put("/jwks.json", orjson.dumps(key_set(new_key())))
    uri = pages.put("/sector.json", orjson.dumps([CALLBACK, keys]))
    ciba: dict[str, Any] = {
        "redirect_uris": [], "response_types": [], "grant_types": [CIBA], "backchannel_token_delivery_mode": "poll",
        "sector_identifier_uri": uri, "jwks_uri": keys, "token_endpoint_auth_method": "private_key_jwt",
    }  # fmt: skip
    grants = [CIBA, "authorization_code", "client_credentials"]
    said = app.registered(app.initial_token(grant_types=grants), **ciba)
    assert sector_of(app, said) == sector_of(app, app.registered(sector_identifier_uri=uri))
    stranger = pages.put("/other.json", orjson.dumps(key_set(new_key())))
    for change in (
        {"jwks_uri": stranger},
        {"jwks_uri": None, "token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"grant_types": ["client_credentials"], "backchannel_token_delivery_mode": None},
    ):
        kept = {name: value for name, value in {**ciba, **change}.items() if value is not None}
        answer = app.register(app.initial_token(grant_types=grants), **kept)
        assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata"), change
        assert "sector_identifier_uri" in answer.json["error_description"]


def test_sector_stays_when_the_document_moves(app: WholeApp, pages: WebPages) -> None:
    uri = pages.put("/sector.json", orjson.dumps([CALLBACK]))
    said = app.registered(sector_identifier_uri=uri)
    before = sector_of(app, said)
    plain = editable(said)
    del plain["sector_identifier_uri"]
    assert app.manage("PUT", said, plain).status == 200
    assert sector_of(app, said) == before
