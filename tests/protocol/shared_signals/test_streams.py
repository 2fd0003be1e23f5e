"""Departments' systems hear of what concerns them, in their own terms, and of nothing else (SSF 1.0, RFC 8417, RFC 8935, RFC 8936)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.ports.sessions import ConsentState
from idp.storage.sqlite import SqliteDatabase
from policies.signals import (
    CONSENT_WITHDRAWN,
    CREDENTIAL_CHANGE,
    EVENT_TYPES,
    SESSION_REVOKED,
    UNIT_REORGANISED,
    VERIFICATION,
    Act,
    Reach,
    signal_of,
)
from tests.support.clock import FrozenClock
from tests.support.shared_signals import POLL, PUSH, Department, Listener, task
from tests.support.token_world import TokenWorld
from tests.support.whole_app import WholeApp


@pytest.mark.spec("OpenID Shared Signals", "7.2.4")
@pytest.mark.spec("OpenID Shared Signals", "7.2.3")
@pytest.mark.spec("OpenID Shared Signals", "7.2")
@pytest.mark.spec("OpenID Shared Signals", "7.1")
def test_the_configuration_names_the_endpoints_that_answer(app: WholeApp) -> None:
    answer = app.call("GET", "/.well-known/ssf-configuration")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    document = answer.json
    assert (document["issuer"], document["spec_version"]) == ("https://id.example.vn", "1_0")
    assert [name for name, value in document.items() if value in ([], "", None, {})] == []
    assert document["default_subjects"] in {"ALL", "NONE"}
    assert document["delivery_methods_supported"] == [PUSH, POLL]
    for name in ("configuration_endpoint", "status_endpoint", "verification_endpoint"):
        assert document[name].startswith(document["issuer"])


@pytest.mark.spec("OpenID Shared Signals", "8.1.1.5")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1.4")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1.3")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1")
def test_a_stream_is_made_read_changed_replaced_and_removed(health: Department) -> None:
    stream = health.listen(events_requested=[SESSION_REVOKED, "https://example.org/unknown"], description="Một cửa")
    shown = health.ask("GET", f"/ssf/streams?stream_id={stream}").json
    assert shown["events_requested"] == [SESSION_REVOKED, "https://example.org/unknown"]
    assert shown["events_delivered"] == [SESSION_REVOKED]
    assert shown["events_supported"] == list(EVENT_TYPES)
    assert (shown["aud"], shown["delivery"]["method"]) == (health.system.client.client_id, POLL)
    changed = health.ask("PATCH", "/ssf/streams", {"stream_id": stream, "events_requested": [CREDENTIAL_CHANGE]}).json
    assert (changed["events_requested"], changed["description"]) == ([CREDENTIAL_CHANGE], "Một cửa")
    replaced = health.ask("PUT", "/ssf/streams", {"stream_id": stream}).json
    assert replaced["events_requested"] == []
    assert "description" not in replaced, "a property that was taken away is not there (section 8.1.1.4)"
    (listed,) = orjson.loads(health.ask("GET", "/ssf/streams").body)
    assert listed["stream_id"] == stream
    assert health.ask("DELETE", f"/ssf/streams?stream_id={stream}").status == 204
    assert health.ask("GET", f"/ssf/streams?stream_id={stream}").status == 404
    assert [row["reason"] for row in health.world.events("signal:stream")][-1] == "removed"


@pytest.mark.spec("OpenID Shared Signals", "8")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1")
def test_another_departments_stream_is_not_there(world: TokenWorld, app: WholeApp, health: Department) -> None:
    stream, other = health.listen(), Department(world, app)
    for method, path, body in (
        ("GET", f"/ssf/streams?stream_id={stream}", None),
        ("PATCH", "/ssf/streams", {"stream_id": stream}),
        ("PUT", "/ssf/streams", {"stream_id": stream}),
        ("DELETE", f"/ssf/streams?stream_id={stream}", None),
        ("GET", f"/ssf/status?stream_id={stream}", None),
        ("POST", "/ssf/status", {"stream_id": stream, "status": "disabled"}),
        ("POST", "/ssf/verify", {"stream_id": stream}),
        ("POST", f"/ssf/poll/{stream}", {}),
    ):
        answer = other.ask(method, path, body)
        assert (answer.status, answer.json["error"]) == (404, "not_found"), (method, path)
    assert len(world.events("signal:request")) == 8


@pytest.mark.spec("OpenID Shared Signals", "8.1.1.1")
@pytest.mark.spec("OpenID Shared Signals", "8")
@pytest.mark.spec("RFC 8936", "3")
@pytest.mark.spec("OpenID Shared Signals", "8.1")
@pytest.mark.spec("RFC 6750", "3.1")
def test_only_a_systems_own_token_with_the_scope_gets_in(world: TokenWorld, app: WholeApp, health: Department) -> None:
    person = world.tokens(health.system, world.sign_in(world.add_person()))["access_token"]
    without = Department(world, app, scope="openid email").token
    poll = ("POST", f"/ssf/poll/{health.listen()}", {"returnImmediately": True})
    for token, status in (("", 401), ("nonsense", 401), (person, 403), (without, 403)):
        for answer in (app.call("GET", "/ssf/streams", token=token), app.call(*poll, token=token)):
            assert answer.status == status
            assert "resource_metadata" in answer.headers["www-authenticate"]


@pytest.mark.spec("OpenID CAEP Interoperability", "2.7.3")
def test_a_token_to_read_sees_streams_and_changes_nothing(world: TokenWorld, app: WholeApp, health: Department) -> None:
    system = world.add_client(scope="openid ssf.read ssf.manage")
    read, manage = (world.own_token(system, scope=one).json["access_token"] for one in ("ssf.read", "ssf.manage"))
    stream = app.call("POST", "/ssf/streams", {}, manage).json["stream_id"]
    one, asked = f"?stream_id={stream}", {"stream_id": stream}
    for path in ("/ssf/streams", f"/ssf/streams{one}", f"/ssf/status{one}"):
        assert [app.call(method, path, token=read).status for method in ("GET", "HEAD")] == [200, 200]
    for method, path, body in (
        ("POST", "/ssf/streams", {}),
        ("PATCH", "/ssf/streams", asked),
        ("PUT", "/ssf/streams", asked),
        ("DELETE", f"/ssf/streams{one}", None),
        ("POST", "/ssf/status", {**asked, "status": "paused"}),
        ("POST", "/ssf/verify", asked),
        ("POST", f"/ssf/poll/{stream}", {"returnImmediately": True}),
        ("POST", "/ssf/subjects/add", asked),
        ("POST", "/ssf/subjects/remove", asked),
    ):
        answer = app.call(method, path, body, read)
        assert (answer.status, answer.json["error"]) == (403, "insufficient_scope"), (method, path)


@pytest.mark.spec("OpenID CAEP", "3.3.1")
@pytest.mark.spec("OpenID CAEP", "2")
@pytest.mark.spec("OpenID Shared Signals", "10.3.2")
@pytest.mark.spec("OpenID Shared Signals", "3.3.1")
@pytest.mark.spec("OpenID Shared Signals", "3.1.4")
@pytest.mark.spec("RFC 8417", "5.1")
@pytest.mark.spec("RFC 8417", "2.3")
@pytest.mark.spec("RFC 8417", "2.2")
@pytest.mark.spec("OpenID CAEP", "3.3")
@pytest.mark.spec("OpenID CAEP", "3.1")
@pytest.mark.spec("RFC 9493", "3.2.3")
def test_a_department_hears_of_its_own_people_under_its_own_subject(
    world: TokenWorld, app: WholeApp, health: Department
) -> None:
    school = Department(world, app)
    account = world.add_person()
    session = world.sign_in(account)
    sub = world.verified(world.tokens(health.system, session)["id_token"])["sub"]
    streams = health.listen(), school.listen()
    world.clock.advance(1)
    world.wiring.credentials.set_password(account, "một mật khẩu đủ dài và lạ 71", actor=f"account:{account}")
    world.wiring.sessions.end(session, "sign_out", f"account:{account}")
    heard = health.heard(streams[0])
    assert school.heard(streams[1]) == []
    by_type = {next(iter(one["events"])): one for one in heard}
    assert by_type.keys() == {CREDENTIAL_CHANGE, SESSION_REVOKED}
    person = {"format": "iss_sub", "iss": "https://id.example.vn", "sub": sub}
    assert by_type[CREDENTIAL_CHANGE]["sub_id"] == person
    said = by_type[CREDENTIAL_CHANGE]["events"][CREDENTIAL_CHANGE]
    assert (said["credential_type"], said["change_type"], said["initiating_entity"]) == ("password", "update", "user")
    ended = by_type[SESSION_REVOKED]["sub_id"]
    assert (ended["format"], ended["user"]) == ("complex", person)
    assert all(one["aud"] == health.system.client.client_id and "sub" not in one and "exp" not in one for one in heard)
    assert account not in str(heard)


def test_a_withdrawal_is_told_to_the_department_that_it_concerns_alone(
    world: TokenWorld, app: WholeApp, health: Department
) -> None:
    school, account = Department(world, app), world.add_person()
    session = world.sign_in(account)
    for one in (health, school):
        world.tokens(one.system, session)
        agreed = ConsentState("consent", "openid email", 2, 0, "1")
        world.wiring.consents.give(account, one.system.client.client_id, session.id, agreed, "")
    streams = health.listen(), school.listen()
    world.wiring.consents.withdraw(account, health.system.client.client_id, actor=f"account:{account}", reason="x")
    assert [next(iter(one["events"])) for one in health.heard(streams[0])] == [CONSENT_WITHDRAWN]
    assert school.heard(streams[1]) == []


def test_what_happened_before_the_stream_is_not_told(world: TokenWorld, health: Department) -> None:
    account = world.add_person()
    world.tokens(health.system, world.sign_in(account))
    world.wiring.credentials.set_password(account, "một mật khẩu đủ dài và lạ 71", actor=f"account:{account}")
    world.clock.advance(1)
    assert health.heard(health.listen()) == []


@pytest.mark.spec("RFC 8936", "2.3")
@pytest.mark.spec("RFC 8936", "2.4")
def test_what_was_acknowledged_is_gone_and_what_was_not_comes_again(world: TokenWorld, health: Department) -> None:
    account, stream = world.add_person(), health.listen(events_requested=[CREDENTIAL_CHANGE])
    world.tokens(health.system, world.sign_in(account))
    for number in range(3):
        world.wiring.credentials.set_password(account, f"một mật khẩu đủ dài và lạ {number}", actor="operator:local")
    assert len(health.heard(stream)) == 3
    first = health.poll(stream, maxEvents=1)
    assert (len(first["sets"]), first["moreAvailable"]) == (1, True)
    (taken,) = first["sets"]
    rest = health.poll(stream, ack=[taken])
    assert taken not in rest["sets"]
    assert len(rest["sets"]) == 2
    failed = next(iter(rest["sets"]))
    left = health.poll(stream, setErrs={failed: {"err": "invalid_audience", "description": "?"}})
    assert len(left["sets"]) == 1
    assert [row["reason"] for row in world.events("signal:deliver")] == ["invalid_audience"]
    assert health.poll(stream, ack=list(left["sets"]), maxEvents=0)["sets"] == {}


@pytest.mark.spec("OpenID Shared Signals", "8.1.4.1")
@pytest.mark.spec("OpenID Shared Signals", "8.1.4.2")
def test_a_verification_comes_back_with_its_state_and_not_twice_a_minute(health: Department) -> None:
    stream = health.listen()
    assert health.ask("POST", "/ssf/verify", {"stream_id": stream, "state": "abc"}).status == 204
    again = health.ask("POST", "/ssf/verify", {"stream_id": stream})
    assert again.status == 429
    (event,) = health.heard(stream)
    assert event["events"] == {VERIFICATION: {"state": "abc"}}
    assert event["sub_id"] == {"format": "opaque", "id": stream}


@pytest.mark.spec("OpenID Shared Signals", "8.1.2.1")
@pytest.mark.spec("OpenID Shared Signals", "8.1.2")
def test_a_paused_stream_loses_nothing_and_a_disabled_one_everything(world: TokenWorld, health: Department) -> None:
    account, stream = world.add_person(), health.listen()
    world.tokens(health.system, world.sign_in(account))
    assert health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "paused"}).json["status"] == "paused"
    world.wiring.credentials.set_password(account, "một mật khẩu đủ dài và lạ", actor="operator:local")
    assert health.heard(stream) == []
    health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "enabled"})
    assert len(health.heard(stream)) == 1
    health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "disabled", "reason": "bảo trì"})
    assert health.ask("GET", f"/ssf/status?stream_id={stream}").json["reason"] == "bảo trì"
    assert health.ask("POST", "/ssf/verify", {"stream_id": stream}).status == 204, "it is dropped like any other event"
    health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "enabled"})
    assert health.heard(stream) == []


@pytest.mark.spec("OpenID Shared Signals", "8.1.1.1")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1")
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"events_requested": "all"}, "events_requested"),
        ({"events_requested": [1]}, "events_requested"),
        ({"events_requested": [""]}, "events_requested"),
        ({"events_requested": ["urn:x " + "é"]}, "events_requested"),
        ({"events_requested": [f"urn:x:{number}" for number in range(65)]}, "events_requested"),
        ({"delivery": {"method": "urn:x"}}, "delivery"),
        ({"delivery": "poll"}, "delivery"),
        ({"delivery": {"method": PUSH}}, "delivery"),
        ({"delivery": {"method": PUSH, "endpoint_url": "http://h.example.vn/events"}}, "delivery"),
        (
            {"delivery": {"method": PUSH, "endpoint_url": "https://h.example.vn", "authorization_header": "a\r\nb"}},
            "delivery",
        ),
        ({"description": "x" * 501}, "description"),
    ],
)
def test_a_malformed_stream_is_refused_by_the_name_of_the_field(health: Department, asked: Any, field: str) -> None:
    answer = health.ask("POST", "/ssf/streams", asked)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert answer.json["error_description"].startswith(field)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a":1,"a":2}', b"\xff", b"{" * 5000])
def test_a_body_that_is_no_object_is_refused(health: Department, body: bytes) -> None:
    for method, path in (("POST", "/ssf/streams"), ("POST", "/ssf/verify"), ("POST", f"/ssf/poll/{health.listen()}")):
        assert health.ask(method, path, body).status == 400


@pytest.mark.spec("RFC 8936", "2.5.1")
@pytest.mark.parametrize(
    "asked",
    [{"ack": "x"}, {"ack": [1]}, {"ack": ["x" * 65]}, {"maxEvents": -1}, {"maxEvents": True}, {"setErrs": []}],
)
def test_a_malformed_poll_is_refused(health: Department, asked: Any) -> None:
    assert health.ask("POST", f"/ssf/poll/{health.listen()}", asked).status == 400


@pytest.mark.spec("OpenID Shared Signals", "8.1.1.1")
def test_a_fifth_stream_is_one_too_many(health: Department) -> None:
    for _ in range(4):
        health.listen()
    assert health.ask("POST", "/ssf/streams", {}).status == 409


def test_a_moved_unit_is_told_to_its_own_system() -> None:
    said = {"from": "20341@0001-01-01", "to": ["20341@2025-07-01"], "fate": "moves", "count": 1}
    signal = signal_of(Act("unit:move", "", "system", None, said))
    assert signal is not None
    assert (signal.type, signal.reach) == (UNIT_REORGANISED, Reach.CLIENT)
    assert signal.said == {name: said[name] for name in ("from", "to", "fate")}


@pytest.mark.spec("OpenID Shared Signals", "6.1.1")
@pytest.mark.spec("RFC 8935", "2")
def test_a_push_is_tried_until_it_is_accepted_and_then_never_again(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock
) -> None:
    with Listener(503) as listener:
        world = TokenWorld(tmp_path, sqlite_database, clock, outbound={"allow": [listener.host]})
        department = Department(world, WholeApp(world))
        delivery = {
            "method": PUSH,
            "endpoint_url": f"http://{listener.host}/events",
            "authorization_header": "Bearer thử",
        }
        assert department.ask("POST", "/ssf/streams", {"delivery": delivery}).status == 400
        delivery["authorization_header"] = "Bearer try"
        stream = department.listen(delivery=delivery)
        department.ask("POST", "/ssf/verify", {"stream_id": stream, "state": "s"})
        assert task(world, "signal pushes") == 0
        assert task(world, "signal pushes") == 0, "it is not due again yet"
        clock.advance(5)
        listener.status = 202
        assert (task(world, "signal pushes"), task(world, "signal pushes")) == (1, 0)
        assert listener.got.qsize() == 2
        headers, body = [listener.got.get() for _ in range(2)][1]
        assert (headers["Content-Type"], headers["Authorization"]) == ("application/secevent+jwt", "Bearer try")
        assert world.verified(body.decode(), "secevent+jwt", "iat")["events"] == {VERIFICATION: {"state": "s"}}
        assert "authorization_header" not in str(department.ask("GET", "/ssf/streams").json)


@pytest.mark.spec("RFC 8935", "2.3")
def test_a_push_that_the_receiver_refuses_for_good_is_recorded_and_given_up(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock
) -> None:
    with Listener(400) as listener:
        world = TokenWorld(tmp_path, sqlite_database, clock, outbound={"allow": [listener.host]})
        department = Department(world, WholeApp(world))
        stream = department.listen(delivery={"method": PUSH, "endpoint_url": f"http://{listener.host}/events"})
        department.ask("POST", "/ssf/verify", {"stream_id": stream})
        assert (task(world, "signal pushes"), listener.got.qsize()) == (1, 1)
        assert task(world, "signal pushes") == 0
        assert [row["reason"] for row in world.events("signal:deliver")] == ["refused_by_receiver"]
