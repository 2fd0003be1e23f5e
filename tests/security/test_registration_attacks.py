"""Attacks by way of registration: reaching inside, growing, guessing."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.documents import to_metadata
from idp.config.settings import Registration
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.stores import in_parallel
from tests.support.token_world import TokenWorld
from tests.support.web_pages import WebPages
from tests.support.whole_app import CALLBACK, WholeApp, editable

INSIDE = (
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/latest/",
    "https://192.168.1.1/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/", "https://100.64.0.1/",
)  # fmt: skip
FETCHED = ("sector_identifier_uri",)
NEVER_FETCHED = ("logo_uri", "policy_uri", "tos_uri", "client_uri", "initiate_login_uri", "jwks_uri")


@pytest.fixture
def app(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> WholeApp:
    return WholeApp(TokenWorld(tmp_path, sqlite_database, clock, registration=Registration(mode="token")))


@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.parametrize("field", FETCHED)
@pytest.mark.parametrize("address", INSIDE)
def test_no_uri_field_reaches_inside(app: WholeApp, field: str, address: str) -> None:
    answer = app.register(app.initial_token(), **{field: address})
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("field", FETCHED)
def test_answer_does_not_tell_what_listens_inside(app: WholeApp, field: str) -> None:
    with WebPages() as pages:
        there = pages.put("/x", b"[]")
        heard = app.register(app.initial_token(), **{field: there}).json["error_description"]
        gone = app.register(app.initial_token(), **{field: "http://127.0.0.1:1/x"}).json["error_description"]
        assert pages.asked == []
    assert heard == gone


@pytest.mark.parametrize("field", NEVER_FETCHED)
def test_other_addresses_are_kept_and_not_asked(app: WholeApp, field: str) -> None:
    with WebPages() as pages:
        answer = app.register(app.initial_token(), **{field: pages.put("/x", b"[]")})
        assert answer.status == 201
        assert pages.asked == []


@pytest.mark.parametrize("field", [*FETCHED, *NEVER_FETCHED])
@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "javascript:1", "//x/", "http://x.vn/"]
)
def test_only_https_addresses_are_kept(app: WholeApp, field: str, address: str) -> None:
    assert app.register(app.initial_token(), **{field: address}).status == 400


def test_last_use_of_a_token_registers_one_client_however_many_ask(app: WholeApp) -> None:
    token = app.initial_token(uses=2)
    answers = in_parallel(app.world.database, 6, lambda _number: app.register(token).status)
    assert sorted(answers) == [201, 201, 401, 401, 401, 401]


def test_registration_token_goes_into_no_log_and_no_audit_record(
    app: WholeApp, caplog: pytest.LogCaptureFixture
) -> None:
    initial = app.initial_token(uses=2)
    said = app.registered(initial)
    again = app.manage("PUT", said, editable(said)).json
    app.manage("GET", said)
    events = "".join(
        str(row) for name in ("client:add", "client:update", "client:register") for row in app.world.events(name)
    )
    for secret in (
        initial,
        said["client_secret"],
        said["registration_access_token"],
        again["registration_access_token"],
    ):
        assert secret not in events + caplog.text


def test_oversized_and_deep_documents_are_refused(app: WholeApp) -> None:
    big = b'{"client_name":"' + b"x" * 70_000 + b'"}'
    assert app.call("POST", "/register", big, app.initial_token()).status == 413
    deep = b'{"jwks":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    assert app.call("POST", "/register", deep, app.initial_token()).status == 400
    many = {"redirect_uris": [f"{CALLBACK}/{number}" for number in range(200)]}
    assert app.register(app.initial_token(), **many).status == 400


@pytest.mark.parametrize("field", ["resource_identifiers", "allowed_resources"])
def test_nobody_makes_himself_a_resource_by_registration_or_update(app: WholeApp, field: str) -> None:
    said = app.registered("", **{field: ["https://api.example.vn/"]})
    assert not said.get(field)
    again = app.manage("PUT", said, editable(said, **{field: ["https://api.example.vn/"]}))
    assert again.status == 200
    assert not again.json.get(field)


def test_what_an_operator_added_outlives_the_clients_own_update(app: WholeApp) -> None:
    said = app.registered()
    registry, client_id = app.world.wiring.clients, said["client_id"]
    registry.update(
        client_id, {**to_metadata(registry.known(client_id)), "allowed_resources": ["https://api.example.vn/"]}
    )
    assert app.manage("PUT", said, editable(said)).json["allowed_resources"] == ["https://api.example.vn/"]
