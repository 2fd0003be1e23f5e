"""The frame of the token endpoint: what is read, who may ask, and how it says no."""

from __future__ import annotations

import base64

import pytest

from idp.model.session import Session
from idp.storage.tables import audit_events
from tests.support.stores import stored
from tests.support.token_world import FORM, Registered, TokenWorld, basic

OWN = {"grant_type": "client_credentials"}


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
def test_only_post_is_taken(world: TokenWorld, portal: Registered, method: str) -> None:
    answer = world.send(method, "/token", b"grant_type=client_credentials", portal.basic, CONTENT_TYPE=FORM)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "3.2")
def test_query_parameters_count_for_nothing(world: TokenWorld, portal: Registered) -> None:
    answer = world.post("/token", {}, portal.basic, QUERY_STRING="grant_type=client_credentials")
    assert answer.json["error"] == "invalid_request"
    secret = f"client_id={portal.client.client_id}&client_secret={portal.secret}"
    assert world.post("/token", OWN, "", QUERY_STRING=secret).json["error"] == "invalid_client"


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("name", ["grant_type", "scope", "unknown", "client_id"])
def test_repeated_parameter_is_refused(world: TokenWorld, portal: Registered, name: str) -> None:
    body = f"grant_type=client_credentials&{name}=a&{name}=a"
    answer = world.post("/token", body, portal.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.events("token:request")[0]["reason"] == "duplicate_parameter"


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_body_of_another_type_is_refused(world: TokenWorld, portal: Registered, content_type: str) -> None:
    answer = world.post("/token", OWN, portal.basic, CONTENT_TYPE=content_type)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("body", ["%", "%ff%fe=1", "a=%00", "&&&=&", "=", "a" * 70_000, "a=1&" * 100, "\N{SNOWMAN}=1"])
def test_malformed_body_is_an_invalid_request(world: TokenWorld, portal: Registered, body: str) -> None:
    answer = world.post("/token", body, portal.basic)
    assert answer.status in {400, 413}
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 9700", "2.4")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("RFC 6749", "5.2")
def test_unknown_grant_type_is_named_as_such(world: TokenWorld, portal: Registered) -> None:
    assert world.post("/token", {}, portal.basic).json["error"] == "invalid_request"
    for name in ("password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "Authorization_Code"):
        answer = world.post("/token", {"grant_type": name}, portal.basic)
        assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")


@pytest.mark.spec("RFC 6749", "5.2")
def test_grant_that_the_client_is_not_registered_for_is_refused(world: TokenWorld, session: Session) -> None:
    client = world.add_client(grant_types=["authorization_code"])
    answer = world.own_token(client)
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")
    assert world.events("token:request")[0]["reason"] == "grant_not_registered"


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_basic_credential_is_form_decoded(world: TokenWorld) -> None:
    secret = "a+b%c d:e&f=g/h?0123456789-ABCDEFGH"
    client = world.add_client(client_id="mot-cua", client_secret=secret)
    assert world.own_token(client).status == 200
    raw = base64.b64encode(f"mot-cua:{secret}".encode()).decode()
    assert world.post("/token", OWN, f"Basic {raw}").json["error"] == "invalid_client"


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_body_credential_serves_a_client_registered_for_it(world: TokenWorld) -> None:
    client = world.add_client(token_endpoint_auth_method="client_secret_post")
    body = {**OWN, "client_id": client.client.client_id, "client_secret": client.secret}
    assert world.post("/token", body).status == 200
    assert world.post("/token", OWN, client.basic).json["error"] == "invalid_client"
    assert world.events("token:request")[0]["reason"] == "wrong_method"


@pytest.mark.spec("RFC 6749", "2.3")
def test_two_credentials_at_once_are_refused(world: TokenWorld, portal: Registered) -> None:
    body = {**OWN, "client_id": portal.client.client_id, "client_secret": portal.secret}
    answer = world.post("/token", body, portal.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.events("token:request")[0]["reason"] == "several_credentials"


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_client_id_beside_basic_must_be_the_same(world: TokenWorld, portal: Registered) -> None:
    assert world.post("/token", {**OWN, "client_id": portal.client.client_id}, portal.basic).status == 200
    assert world.post("/token", {**OWN, "client_id": "another"}, portal.basic).json["error"] == "invalid_client"


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic %%%",
        "Basic AAA",
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Basic " + base64.b64encode(b"%ff:%fe").decode(),
        "Basic " + base64.b64encode(b"nocolon").decode(),
        "Basic " + base64.b64encode(b":secret").decode(),
        "Basic " + base64.b64encode(b"\x00:\x00").decode(),
        "Basic \xfc\xfc",
        "Bearer abc",
        "Digest x",
        "basic " + "A" * 10_000,
    ],
)
def test_unreadable_credential_is_an_invalid_client_never_an_error_of_ours(world: TokenWorld, header: str) -> None:
    answer = world.post("/token", OWN, header)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.spec("RFC 6749", "5.2")
def test_unknown_client_and_wrong_secret_look_the_same(world: TokenWorld, portal: Registered) -> None:
    wrong = world.post("/token", OWN, basic(portal.client.client_id, "x" * 43))
    unknown = world.post("/token", OWN, basic("nobody", "x" * 43))
    suspended = world.add_client()
    world.wiring.clients.set_state(suspended.client.client_id, "suspended")
    stopped = world.own_token(suspended)
    assert wrong.status == unknown.status == stopped.status == 401
    shown = [
        {name: value for name, value in one.json.items() if name != "case_code"} for one in (wrong, unknown, stopped)
    ]
    assert shown[0] == shown[1] == shown[2]
    found = [row["reason"] for row in world.events("token:request")]
    assert found == ["wrong_secret", "unknown_client", "unknown_client"]


@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.spec("RFC 6749", "3.2.1")
@pytest.mark.spec("RFC 6749", "10.2")
def test_confidential_client_cannot_pass_as_a_public_one(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": world.code(portal, session),
        "client_id": portal.client.client_id,
    }
    assert world.post("/token", form).json["error"] == "invalid_client"


@pytest.mark.spec("RFC 6749", "4.1.3")
def test_public_client_names_itself(world: TokenWorld, session: Session) -> None:
    app = world.add_public()
    assert world.redeem(app, world.code(app, session)).status == 200
    assert world.post("/token", {"grant_type": "refresh_token", "refresh_token": "x"}).json["error"] == "invalid_client"


def test_second_secret_serves_until_its_end(world: TokenWorld, portal: Registered) -> None:
    _, fresh = world.wiring.clients.rotate_secret(portal.client.client_id, overlap=60)
    renewed = Registered(portal.client, fresh)
    assert world.own_token(portal).status == world.own_token(renewed).status == 200
    world.clock.advance(60)
    assert world.own_token(portal).status == 401
    assert world.own_token(renewed).status == 200


def test_client_added_by_another_process_is_known(world: TokenWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.wiring.clients.find("anything")
    added = world.another().add_client()
    monkeypatch.setattr(world.wiring.clients, "_monotonic", lambda: float("inf"))
    assert world.own_token(added).status == 200


def test_refusal_is_audited_with_the_case_code_and_without_the_address_in_clear(
    world: TokenWorld, portal: Registered
) -> None:
    answer = world.own_token(portal, scope="openid")
    (event,) = world.events("token:request")
    assert event["case_code"] == answer.json["case_code"]
    assert event["client_id"] == portal.client.client_id
    assert event["sealed"] is not None
    assert all("192.0.2.1" not in str(row) for row in stored(world.database, audit_events))


@pytest.mark.spec("RFC 9700", "4.9.3")
@pytest.mark.spec("RFC 6749", "10.4")
@pytest.mark.spec("RFC 6749", "10.3")
def test_no_secret_or_token_is_stored_in_clear(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session, "openid email identity")
    content = b"".join(path.read_bytes() for path in world.home.glob("dinhdanh.sqlite3*"))
    for secret in (portal.secret, tokens["access_token"], tokens["refresh_token"], "049499000001", "mau@example.vn"):
        assert secret.encode() not in content
