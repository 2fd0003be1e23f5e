"""The terms of a stream that both sides hold to: what the transmitter says of it stands, streams are told apart, and events keep their order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from policies.signals import CREDENTIAL_CHANGE, EVENT_TYPES, MANDATE_ENDED, SESSION_REVOKED
from tests.support.shared_signals import POLL, Department
from tests.support.token_world import ISSUER, TokenWorld

OURS = ("iss", "aud", "events_supported", "events_delivered", "min_verification_interval")


def streams(health: Department) -> list[dict[str, Any]]:
    """Return the department's streams as it reads them."""
    answer = health.ask("GET", "/ssf/streams")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    listed: list[dict[str, Any]] = orjson.loads(answer.body)
    return listed


@pytest.mark.spec("OpenID Shared Signals", "8.1.1")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1.2")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1.1")
@pytest.mark.spec("OpenID Shared Signals", "6.1.2")
def test_each_stream_has_an_id_and_an_address_of_its_own_and_without_any_the_list_is_empty(health: Department) -> None:
    assert streams(health) == []
    made = [health.listen(), health.listen()]
    listed = streams(health)
    assert {one["stream_id"] for one in listed} == set(made)
    assert len(set(made)) == 2
    assert {one["delivery"]["method"] for one in listed} == {POLL}, "where no way was named"
    assert len({one["delivery"]["endpoint_url"] for one in listed}) == 2
    assert {(one["iss"], one["aud"]) for one in listed} == {(ISSUER, health.system.client.client_id)}


@pytest.mark.spec("OpenID Shared Signals", "8.1.1.3")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1.4")
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_the_transmitter_said_may_come_back_and_may_not_be_changed(health: Department, method: str) -> None:
    stream = health.listen(events_requested=[SESSION_REVOKED])
    [shown] = streams(health)
    same = {**shown, "aud": [shown["aud"]], "events_supported": list(reversed(EVENT_TYPES)), "description": "Mới"}
    assert health.ask(method, "/ssf/streams", same).json["description"] == "Mới"
    wrong = {
        "iss": "https://other.example.vn",
        "aud": "another",
        "events_supported": [SESSION_REVOKED],
        "events_delivered": [CREDENTIAL_CHANGE],
        "min_verification_interval": {"a": 1},
    }
    assert wrong.keys() == set(OURS)
    for name, value in wrong.items():
        answer = health.ask(method, "/ssf/streams", {**shown, "description": "Hỏng", name: value})
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), name
        assert answer.json["error_description"].startswith(name)
    [after] = streams(health)
    assert (after["stream_id"], after["description"], after["events_delivered"]) == (stream, "Mới", [SESSION_REVOKED])


@pytest.mark.spec("OpenID Shared Signals", "8.1.2.1")
def test_what_a_paused_stream_held_comes_in_the_order_in_which_it_happened(
    world: TokenWorld, health: Department
) -> None:
    account, stream = world.add_person(), health.listen(events_requested=[CREDENTIAL_CHANGE])
    world.tokens(health.system, world.sign_in(account))
    health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "paused"})
    for number in range(4):
        world.clock.advance(5)
        world.wiring.credentials.set_password(account, f"một mật khẩu đủ dài và lạ {number}", actor="operator:local")
    assert health.heard(stream) == []
    health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "enabled"})
    moments = [one["events"][CREDENTIAL_CHANGE]["event_timestamp"] for one in health.heard(stream)]
    assert len(moments) == 4
    assert moments == sorted(moments)


@pytest.mark.spec("OpenID Shared Signals", "8.1.2.1")
@pytest.mark.spec("OpenID Shared Signals", "8.1.2.2")
def test_a_status_is_one_of_three_and_a_stream_that_is_not_there_has_none(health: Department) -> None:
    stream = health.listen()
    for status in ("enabled", "paused", "disabled"):
        said = health.ask("POST", "/ssf/status", {"stream_id": stream, "status": status, "reason": "x"})
        assert (said.status, said.json) == (200, {"stream_id": stream, "status": status, "reason": "x"})
        assert health.ask("GET", f"/ssf/status?stream_id={stream}").json == said.json
    for other in ("deleted", "", None, 1):
        assert health.ask("POST", "/ssf/status", {"stream_id": stream, "status": other}).status == 400
    assert health.ask("GET", "/ssf/status?stream_id=01m8gfa8fvf3dvwevay1nqvggf").status == 404
    assert health.app.call("GET", f"/ssf/status?stream_id={stream}").status == 401


@pytest.mark.spec("OpenID Shared Signals", "7.2.4")
@pytest.mark.spec("OpenID Shared Signals", "3.4")
@pytest.mark.spec("OpenID Shared Signals", "3.1")
@pytest.mark.spec("OpenID Shared Signals", "3.1.2")
@pytest.mark.spec("OpenID Shared Signals", "4.1.1")
@pytest.mark.spec("OpenID Shared Signals", "4.1.2")
@pytest.mark.spec("OpenID Shared Signals", "4.1.5")
@pytest.mark.spec("OpenID Shared Signals", "4.1.6")
def test_every_event_names_its_subject_at_the_top_alone_and_has_no_end(world: TokenWorld, health: Department) -> None:
    account, stream = world.add_person(), health.listen()
    session = world.sign_in(account)
    world.tokens(health.system, session)
    world.clock.advance(1)
    world.wiring.credentials.set_password(account, "một mật khẩu đủ dài và lạ 9", actor="operator:local")
    world.wiring.sessions.end(session, "test", "system")
    health.ask("POST", "/ssf/verify", {"stream_id": stream})
    [shown] = streams(health)
    heard = health.heard(stream)
    assert len(heard) == 3
    for claims in heard:
        assert claims["iss"] == shown["iss"]
        assert claims["sub_id"]["format"] in {"iss_sub", "opaque", "complex"}
        assert not {"sub", "exp"} & claims.keys()
        [said] = claims["events"].values()
        assert "subject" not in said
    assert MANDATE_ENDED in shown["events_supported"]


@pytest.mark.spec("OpenID CAEP", "3.1.1")
def test_the_moment_of_an_event_is_that_of_the_act_and_not_of_its_telling(
    world: TokenWorld, health: Department
) -> None:
    session, stream = world.sign_in(world.add_person()), health.listen(events_requested=[SESSION_REVOKED])
    world.tokens(health.system, session)
    world.clock.advance(7)
    ended = world.clock.now()
    world.wiring.sessions.end(session, "test", "system")
    world.clock.advance(300)
    [told] = health.heard(stream)
    assert told["events"][SESSION_REVOKED]["event_timestamp"] == ended
    assert told["iat"] > ended


@pytest.mark.spec("OpenID RISC", "2.11")
def test_no_event_type_of_risc_that_is_deprecated_is_offered(health: Department) -> None:
    health.listen()
    [shown] = streams(health)
    assert [one for one in shown["events_supported"] if one.endswith("/risc/event-type/sessions-revoked")] == []
    assert SESSION_REVOKED in shown["events_supported"]
