"""Many fetches of one address at once are one request; an error is everybody's; a post is nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from idp.errors import DomainError
from idp.outbound.sharing import SharingFetcher
from idp.ports.fetcher import Fetched
from idp.turnstile import Turnstile

URL = "https://portal.example.vn/jwks"


class Slow:
    """Answers when the test says so."""

    def __init__(self, *, fails: bool = False) -> None:
        self.count = 0
        self.begun, self.go = Event(), Event()
        self._fails = fails

    def get(self, url: str, accept: str) -> Fetched:
        self.count += 1
        self.begun.set()
        assert self.go.wait(30)
        if self._fails:
            raise DomainError("down", code="outbound_failed")
        return Fetched(200, accept, url.encode())

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        self.count += 1
        return Fetched(200, content_type, body)


@pytest.mark.parametrize("fails", [False, True])
def test_fetches_of_one_address_share_one_request(fails: bool) -> None:
    turnstile, slow = Turnstile(), Slow(fails=fails)
    shared = SharingFetcher(slow, turnstile)

    def fetch(_: int) -> Fetched | str:
        try:
            with turnstile.turn():
                return shared.get(URL, "text/plain")
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(fetch, 0)
        assert slow.begun.wait(30)
        others = [pool.submit(fetch, number) for number in range(7)]
        while pool._work_queue.qsize():
            pass
        # All threads are outside of the turn: it is free for requests that want nothing fetched.
        with turnstile.turn():
            slow.go.set()
        found = {repr(one.result(30)) for one in (first, *others)}
    assert len(found) == 1
    assert slow.count <= 2
    assert shared._under_way == {}


def test_next_fetch_asks_anew() -> None:
    slow = Slow()
    slow.go.set()
    shared = SharingFetcher(slow, Turnstile())
    assert shared.get(URL, "a").body == shared.get(URL, "a").body == URL.encode()
    assert slow.count == 2


def test_posts_are_never_shared() -> None:
    slow = Slow()
    shared = SharingFetcher(slow, Turnstile())
    assert {shared.post(URL, body, "t").body for body in (b"1", b"2")} == {b"1", b"2"}
    assert slow.count == 2
