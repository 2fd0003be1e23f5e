"""Long polling (RFC 8936): who fetches waits for something to happen, for a bounded time, and never in anybody's way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.protocol.patience import MOST_WAITING, Patience
from policies.signals import VERIFICATION
from tests.support.shared_signals import Department
from tests.support.token_world import TokenWorld
from tests.support.whole_app import WholeApp


class Waiting:
    """Counts the seconds that a poll waited; ``happens`` is done in the first of them."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.happens: Callable[[], object] = lambda: None

    def pause(self, seconds: float) -> None:
        if not self.seconds:
            self.seconds += seconds
            self.happens()
        else:
            self.seconds += seconds


@pytest.fixture
def waiting(world: TokenWorld) -> Waiting:
    made = Waiting()
    world.wiring.patience = Patience(made.pause, lambda: True, 5)
    return made


@pytest.fixture
def health(world: TokenWorld, waiting: Waiting) -> Department:
    return Department(world, WholeApp(world))


@pytest.mark.spec("RFC 8936", "2.5")
def test_poll_is_answered_as_soon_as_something_happens(health: Department, waiting: Waiting) -> None:
    stream = health.listen()
    waiting.happens = lambda: health.ask("POST", "/ssf/verify", {"stream_id": stream, "state": "s"})
    [token] = health.poll(stream)["sets"].values()
    assert VERIFICATION in health.world.verified(token, "secevent+jwt", "iat")["events"]
    assert waiting.seconds == 1


@pytest.mark.spec("RFC 8936", "2.5")
def test_poll_ends_without_anything_after_its_time(health: Department, waiting: Waiting) -> None:
    stream = health.listen()
    assert health.poll(stream) == {"sets": {}, "moreAvailable": False}
    assert waiting.seconds == 5


@pytest.mark.spec("RFC 8936", "2.5")
@pytest.mark.parametrize("asked", [{"returnImmediately": True}, {"maxEvents": 0}])
def test_who_does_not_want_to_wait_is_answered_at_once(
    health: Department, waiting: Waiting, asked: dict[str, object]
) -> None:
    stream = health.listen()
    assert health.poll(stream, **asked)["sets"] == {}
    assert waiting.seconds == 0


def test_paused_stream_is_answered_at_once_and_a_word_that_is_no_truth_value_is_refused(
    health: Department, waiting: Waiting
) -> None:
    stream = health.listen()
    answer = health.ask("POST", f"/ssf/poll/{stream}", {"returnImmediately": "yes"})
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert health.ask("POST", "/ssf/status", {"stream_id": stream, "status": "paused"}).status == 200
    assert health.poll(stream)["sets"] == {}
    assert waiting.seconds == 0


def test_second_poll_of_a_stream_and_one_too_many_do_not_wait() -> None:
    asked: list[str] = []
    patience: Patience

    def pause(_seconds: float) -> None:
        asked.append("pause")
        if len(asked) == 1:
            patience.until("stream", lambda: False)
        if len(asked) < MOST_WAITING + 5:
            patience.until(f"stream {len(asked)}", lambda: False)

    patience = Patience(pause, lambda: True, 1)
    patience.until("stream", lambda: False)
    assert len(asked) == MOST_WAITING
    Patience(pause, lambda: False, 1).until("another", lambda: False)
    assert len(asked) == MOST_WAITING
