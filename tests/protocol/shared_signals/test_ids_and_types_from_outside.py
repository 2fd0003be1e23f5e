"""What a department sends is of any JSON type and any text: it is refused or passed over, and never reaches SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from idp import handles
from idp.model.signal import Stream
from tests.support.shared_signals import Department
from tests.support.token_world import TokenWorld

NO_IDS: list[Any] = ["", "\x00", "a\x00" * 13, "A" * 26, "x" * 27, "à" * 26, "0" * 25 + "\n", [], {}, 5, None, True]


def test_an_id_is_what_is_made_as_one() -> None:
    assert all(handles.is_id(handles.new_id()) for _ in range(20))
    assert not any(handles.is_id(one) for one in [*NO_IDS, "\ud800" * 26])


@pytest.fixture
def asked_of_sql(world: TokenWorld, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the store was asked for since."""
    store = world.wiring.signal_store
    asked: list[Any] = []
    stream, done = store.stream, store.done

    def asked_stream(stream_id: str) -> Stream | None:
        asked.append(stream_id)
        return stream(stream_id)

    def asked_done(stream_id: str, signal_ids: Sequence[str], heard_at: int | None = None) -> int:
        asked.extend(signal_ids)
        return done(stream_id, signal_ids, heard_at)

    monkeypatch.setattr(store, "stream", asked_stream)
    monkeypatch.setattr(store, "done", asked_done)
    return asked


@pytest.mark.parametrize("value", [[], {}, 1, None, ["enabled"]])
def test_a_value_that_is_no_text_is_refused_by_the_name_of_its_field(health: Department, value: Any) -> None:
    stream = health.listen()
    for path, asked, field in (
        ("/ssf/status", {"stream_id": stream, "status": value}, "status"),
        ("/ssf/streams", {"delivery": {"method": value}}, "delivery"),
    ):
        answer = health.ask("POST", path, asked)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert answer.json["error_description"].startswith(field)


@pytest.mark.parametrize("code", [[], {}, 1, None, "của tôi"])
def test_an_error_code_that_is_none_is_recorded_as_a_refusal(health: Department, code: Any) -> None:
    health.poll(health.listen(), setErrs={handles.new_id(): {"err": code}})
    assert [row["reason"] for row in health.world.events("signal:deliver")] == ["refused_by_receiver"]


@pytest.mark.spec("OpenID Shared Signals", "8.1.1.3")
@pytest.mark.spec("OpenID Shared Signals", "8.1.1")
@pytest.mark.parametrize("stream", NO_IDS)
def test_a_stream_by_what_is_no_id_is_not_found(health: Department, asked_of_sql: list[Any], stream: Any) -> None:
    for method, path in (("PATCH", "/ssf/streams"), ("POST", "/ssf/status"), ("POST", "/ssf/verify")):
        answer = health.ask(method, path, {"stream_id": stream, "status": "paused"})
        assert (answer.status, answer.json["error"]) == (404, "not_found"), (method, path)
    assert asked_of_sql == []


@pytest.mark.parametrize("stream", ["%00", "%ED%A0%80", "x", "a%00" * 13])
def test_an_address_with_what_is_no_id_is_not_found(health: Department, asked_of_sql: list[Any], stream: str) -> None:
    for method, path, body in (
        ("GET", f"/ssf/streams?stream_id={stream}", None),
        ("DELETE", f"/ssf/streams?stream_id={stream}", None),
        ("GET", f"/ssf/status?stream_id={stream}", None),
        ("POST", f"/ssf/poll/{stream}", {}),
    ):
        assert health.ask(method, path, body).status in {400, 404}, (method, path)
    assert asked_of_sql == []


@pytest.mark.spec("OpenID Shared Signals", "8.1.1")
def test_names_that_no_signal_has_are_passed_over(health: Department, asked_of_sql: list[Any]) -> None:
    stream, unknown = health.listen(), handles.new_id()
    names = [one for one in NO_IDS if isinstance(one, str)]
    health.poll(stream, ack=[*names, unknown], setErrs={one: {"err": "invalid_key"} for one in names})
    assert asked_of_sql == [stream, unknown]
    assert health.world.events("signal:deliver") == []


@pytest.mark.parametrize("body", [b'{"ack":["\\ud800"]}', b'{"setErrs":{"\\ud800":{"err":"\\udfff"}}}'])
def test_half_a_character_breaks_nothing(health: Department, asked_of_sql: list[Any], body: bytes) -> None:
    stream = health.listen()
    answer = health.ask("POST", f"/ssf/poll/{stream}", body)
    assert answer.status in {200, 400}
    assert orjson.loads(answer.body)
    assert set(asked_of_sql) <= {stream}
