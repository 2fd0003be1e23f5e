"""Many fetches of one address at once are one request; an error is everybody's; a post is nobody else's."""

from __future__ import annotations

from threading import Event

import pytest

from idp.errors import DomainError
from idp.fibers import Fibers
from idp.outbound.sharing import SharingFetcher
from idp.ports.fetcher import Fetched
from tests.support.fibers import together

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
    fibers, slow = Fibers(), Slow(fails=fails)
    shared = SharingFetcher(slow, fibers)

    def fetch() -> Fetched | str:
        try:
            return shared.get(URL, "text/plain")
        except DomainError as error:
            return error.code

    def another() -> str:
        """A request that wants nothing fetched goes on while the others wait; it lets them go on in the end."""
        slow.go.set()
        return "answered"

    *found, last = together(fibers, *[fetch] * 8, another)
    assert last == "answered"
    assert len({repr(one) for one in found}) == 1
    assert slow.count <= 2
    assert shared._under_way == {}


def test_next_fetch_asks_anew() -> None:
    slow = Slow()
    slow.go.set()
    shared = SharingFetcher(slow, Fibers())
    assert shared.get(URL, "a").body == shared.get(URL, "a").body == URL.encode()
    assert slow.count == 2


def test_posts_are_never_shared() -> None:
    slow = Slow()
    shared = SharingFetcher(slow, Fibers())
    assert {shared.post(URL, body, "t").body for body in (b"1", b"2")} == {b"1", b"2"}
    assert slow.count == 2
