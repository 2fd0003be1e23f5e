"""Two workers, or a worker and the owner of a stream at the same time: nothing is lost, doubled, overwritten or brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from idp import handles
from idp.flows.signals import LEASE, FanOut, Pusher
from idp.storage.sqlite import SqliteDatabase
from policies.signals import CREDENTIAL_CHANGE, STREAM_UPDATED
from tests.support.clock import FrozenClock
from tests.support.shared_signals import PUSH, Department, Listener
from tests.support.token_world import TokenWorld
from tests.support.whole_app import WholeApp


def runner(world: TokenWorld, name: str) -> Any:
    """Return what another worker would run."""
    task = next(one for one in world.wiring.signal_tasks() if one.name == name)
    return task.run.__self__  # type: ignore[attr-defined]


@dataclass
class Joining:
    """A department that begins to listen, and something that it has to hear, while the log is read."""

    department: Department
    account: str
    stream: str = ""

    def during(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def reads(*args: Any) -> Any:
            if not self.stream:
                world = self.department.world
                self.stream = self.department.listen(events_requested=[CREDENTIAL_CHANGE])
                world.wiring.credentials.set_password(self.account, "một mật khẩu đủ dài và lạ", actor="operator:local")
                world.wiring.audit_tree.sequence()
            return read(*args)

        return reads


@pytest.fixture
def joining(world: TokenWorld, health: Department) -> Joining:
    account = world.add_person()
    world.tokens(health.system, world.sign_in(account))
    world.wiring.audit_tree.sequence()
    return Joining(health, account)


def test_the_first_stream_of_all_misses_nothing_while_the_end_of_the_log_is_read(
    world: TokenWorld, joining: Joining
) -> None:
    fan_out: FanOut = runner(world, "signals")
    fan_out._end = joining.during(fan_out._end)
    fan_out.run()
    assert len(joining.department.heard(joining.stream)) == 1


def test_a_stream_that_is_added_before_a_batch_is_read_hears_of_it(
    world: TokenWorld, app: WholeApp, joining: Joining
) -> None:
    Department(world, app).listen()
    fan_out: FanOut = runner(world, "signals")
    fan_out._numbered = joining.during(fan_out._numbered)
    fan_out.run()
    assert len(joining.department.heard(joining.stream)) == 1


class Pushing:
    """A department that is pushed to, with one signal that waits, and what happens during the push."""

    def __init__(self, world: TokenWorld, listener: Listener) -> None:
        self.world, self.listener = world, listener
        self.department = Department(world, WholeApp(world))
        url = f"http://{listener.host}/events"
        self.stream = self.department.listen(delivery={"method": PUSH, "endpoint_url": url})
        assert self.department.ask("POST", "/ssf/verify", {"stream_id": self.stream}).status == 204

    def push(self, meanwhile: Callable[[], object]) -> int:
        pusher: Pusher = runner(self.world, "signal pushes")
        sign = pusher._sign

        def signs(*args: Any) -> str:
            meanwhile()
            return sign(*args)

        pusher._sign = signs
        return pusher.run()

    def fail_often(self) -> None:
        """Let the next failure be the last one."""
        store = self.world.wiring.signal_store
        stream = store.stream(self.stream)
        assert stream is not None
        assert store.note_push(stream, 10, 0)

    def status(self) -> Any:
        return self.department.ask("GET", f"/ssf/status?stream_id={self.stream}").json.get("status")

    def reasons(self) -> list[str]:
        return [str(row["reason"]) for row in self.world.events("signal:stream")]


@pytest.fixture
def pushing(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> Any:
    with Listener() as listener:
        yield Pushing(TokenWorld(tmp_path, sqlite_database, clock, outbound={"allow": [listener.host]}), listener)


def test_of_two_workers_one_pushes_a_stream(pushing: Pushing) -> None:
    second: list[int] = []
    assert pushing.push(lambda: second.append(runner(pushing.world, "signal pushes").run())) == 1
    assert (second, pushing.listener.got.qsize()) == ([0], 1)
    stream = pushing.world.wiring.signal_store.stream(pushing.stream)
    assert stream is not None
    assert (stream.attempts, stream.next_at) == (0, 0)


def test_a_worker_that_saw_the_stream_before_another_claimed_it_does_not_push(pushing: Pushing) -> None:
    late: Pusher = runner(pushing.world, "signal pushes")
    seen = pushing.world.wiring.signal_store.stream(pushing.stream)
    assert seen is not None
    assert pushing.push(lambda: late._stream(seen)) == 1
    assert pushing.listener.got.qsize() == 1


def test_what_a_worker_that_died_had_claimed_is_pushed_when_its_time_is_over(
    pushing: Pushing, clock: FrozenClock
) -> None:
    def dies() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pushing.push(dies)
    assert pushing.push(lambda: None) == 0
    clock.advance(LEASE)
    assert pushing.push(lambda: None) == 1


def test_a_slow_receiver_gets_no_push_that_could_outlast_the_claim(pushing: Pushing, clock: FrozenClock) -> None:
    store = pushing.world.wiring.signal_store
    (waits,) = store.waiting(pushing.stream, 9)
    store.queue(replace(waits, id=handles.new_id()))
    assert pushing.push(lambda: clock.advance(LEASE // 2 + 1)) == 1
    assert pushing.push(lambda: None) == 1, "the rest is pushed the next time"


def test_a_receiver_that_is_gone_for_days_is_paused_and_recorded(pushing: Pushing) -> None:
    pushing.listener.status = 503
    pushing.fail_often()
    pushing.push(lambda: None)
    assert (pushing.status(), pushing.reasons()[-1]) == ("paused", "http_503")


@pytest.mark.spec("OpenID Shared Signals", "8.1.2")
@pytest.mark.spec("OpenID Shared Signals", "8.1.5")
def test_a_receiver_is_told_that_its_stream_was_paused_at_once_or_when_it_goes_on(
    pushing: Pushing, clock: FrozenClock
) -> None:
    pushing.listener.status = 503
    pushing.fail_often()
    pushing.push(lambda: None)
    told = pushing.listener.events()
    assert [one for one in told if STREAM_UPDATED in one["events"]] == [told[-1]]
    assert told[-1]["events"][STREAM_UPDATED] == {"status": "paused", "reason": "http_503"}
    assert told[-1]["sub_id"] == {"format": "opaque", "id": pushing.stream}
    pushing.listener.status = 202
    again = pushing.department.ask("POST", "/ssf/status", {"stream_id": pushing.stream, "status": "enabled"})
    assert again.status == 200
    clock.advance(LEASE)
    pushing.push(lambda: None)
    heard = pushing.listener.events()
    assert [STREAM_UPDATED in one["events"] for one in heard] == [False, True], "what waited, and that there was a gap"
    assert heard[-1]["jti"] == told[-1]["jti"]


@pytest.mark.spec("OpenID Shared Signals", "8.1.5")
def test_a_receiver_that_is_back_takes_the_word_of_the_pause_and_hears_it_once(pushing: Pushing) -> None:
    pushing.fail_often()
    pushing.listener.status = 503
    pushing.listener.then = [202]
    pushing.push(lambda: None)
    assert pushing.status() == "paused"
    waiting = pushing.world.wiring.signal_store.waiting(pushing.stream, 9)
    assert [STREAM_UPDATED in one.events for one in waiting] == [False]


@pytest.mark.parametrize("is_last", [False, True])
def test_a_stream_that_is_removed_during_a_push_stays_removed(pushing: Pushing, is_last: bool) -> None:
    pushing.listener.status = 503
    if is_last:
        pushing.fail_often()
    pushing.push(lambda: pushing.department.ask("DELETE", f"/ssf/streams?stream_id={pushing.stream}"))
    assert pushing.world.wiring.signal_store.stream(pushing.stream) is None
    assert pushing.reasons()[-1] == "removed"


@pytest.mark.parametrize("status", ["enabled", "disabled"])
def test_what_the_owner_says_during_the_last_push_stands(pushing: Pushing, status: str) -> None:
    pushing.listener.status = 503
    pushing.fail_often()
    asked = {"stream_id": pushing.stream, "status": status}
    pushing.push(lambda: pushing.department.ask("POST", "/ssf/status", asked))
    assert (pushing.status(), pushing.reasons()[-1]) == (status, status)


def test_a_stream_that_is_removed_while_its_owner_changes_it_is_not_found(
    pushing: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, department = pushing.world.wiring.signal_store, pushing.department
    seen = store.stream(pushing.stream)
    assert department.ask("DELETE", f"/ssf/streams?stream_id={pushing.stream}").status == 204
    monkeypatch.setattr(store, "stream", lambda _id: seen)
    for method, path, more in (("PATCH", "/ssf/streams", {}), ("POST", "/ssf/status", {"status": "enabled"})):
        assert department.ask(method, path, {"stream_id": pushing.stream, **more}).status == 404
    assert store.streams() == []
