"""The server's entry: what of a request reaches the application, and how a response leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest

from idp import rsgi
from idp.fibers import Fibers, in_fiber
from idp.protocol.wire import MAX_BODY, WireRequest, WireResponse
from idp.rsgi import RsgiApplication, environ_of
from idp.web.environ import STREAMED, Environ, EnvironReader

FORM = ("content-type", "application/x-www-form-urlencoded")


class Headers:
    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


class Scope:
    proto = "http"

    def __init__(
        self, method: str = "GET", path: str = "/hot", *headers: tuple[str, str], client: str = "192.0.2.1:7"
    ) -> None:
        self.method, self.path, self.query_string, self.client = method, path, "a=b", client
        self.headers: rsgi.Headers = Headers(headers)


class Protocol:
    """Hands a body out and keeps the answer; ``read`` counts the octets that were asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.read = 0
        self.sent: list[bytes] = []
        self.gone_after = -1
        self.answer: tuple[int, dict[str, str], bytes] = (0, {}, b"")

    async def __call__(self) -> bytes:
        self.read += sum(map(len, self._pieces))
        return b"".join(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.read += len(piece)
            yield piece

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Protocol:
        self.answer = (status, {name.lower(): value for name, value in headers}, b"")
        return self

    async def send_bytes(self, data: bytes) -> None:
        if len(self.sent) == self.gone_after:
            raise ConnectionError
        self.sent.append(data)

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answer = (status, {name.lower(): value for name, value in headers}, body)


def hot(request: WireRequest) -> WireResponse:
    return WireResponse(200, (("X-Fiber", str(in_fiber())),), request.body or request.query.encode())


def pages(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1"), b"!"]


def ask(scope: Scope, *body: bytes) -> Protocol:
    protocol = Protocol(*body)

    async def main() -> None:
        application = RsgiApplication({"/hot": hot}, pages, EnvironReader(()), Fibers())
        application.__rsgi_init__(asyncio.get_running_loop())
        await application.__rsgi__(scope, protocol)

    asyncio.run(main())
    return protocol


def test_hot_path_is_answered_in_a_fiber() -> None:
    assert ask(Scope()).answer == (200, {"x-fiber": "True"}, b"a=b")


def test_every_other_path_is_the_pages_in_octets_of_utf_8() -> None:
    assert ask(Scope("GET", "/phường/tam kỳ")).answer == (
        404,
        {"content-type": "text/plain"},
        "/phường/tam kỳ!".encode(),
    )


def test_head_has_the_length_and_no_body() -> None:
    status, headers, body = ask(Scope("HEAD")).answer
    assert (status, headers["content-length"], body) == (200, "3", b"")


def test_body_of_a_form_arrives_whole() -> None:
    assert ask(Scope("POST", "/hot", FORM, ("content-length", "5")), b"x=1", b"&y").answer[2] == b"x=1&y"


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "99999999999999", "-1", "x"])
def test_length_that_is_too_long_or_none_is_413_and_nothing_is_read(length: str) -> None:
    protocol = ask(Scope("POST", "/hot", FORM, ("content-length", length)), b"z" * 100)
    assert (protocol.answer[0], protocol.read) == (413, 0)


def test_body_without_a_length_is_read_no_further_than_it_may_go() -> None:
    piece = b"z" * (MAX_BODY // 2 + 1)
    protocol = ask(Scope("POST", "/hot", FORM), *[piece] * 50)
    assert (protocol.answer[0], protocol.read) == (413, 2 * len(piece))


def test_repeated_headers_are_all_there() -> None:
    environ = environ_of(
        Scope(
            "GET",
            "/",
            ("cookie", "a=1"),
            ("authorization", "Basic x"),
            ("cookie", "b=2"),
            ("authorization", "Bearer y"),
        )
    )
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_AUTHORIZATION"] == "Basic x, Bearer y"


def test_header_that_nothing_reads_is_not_passed_on() -> None:
    assert "HTTP_X_ORIGINAL_URL" not in environ_of(Scope("GET", "/", ("x-original-url", "/admin")))


@pytest.mark.parametrize(("client", "address"), [("192.0.2.1:443", "192.0.2.1"), ("[2001:db8::1]:443", "2001:db8::1")])
def test_address_is_the_peers_without_its_port(client: str, address: str) -> None:
    assert environ_of(Scope(client=client))["REMOTE_ADDR"] == address


class Streaming:
    """A page whose answer comes in pieces; ``made`` are those that were asked for."""

    def __init__(self) -> None:
        self.made: list[bool] = []
        self.is_closed = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[STREAMED] = True
        start_response("200 OK", [("Content-Type", "text/csv")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for number in range(3):
            self.made.append(in_fiber())
            yield b"%d" % number

    def close(self) -> None:
        self.is_closed = True


def stream(page: Streaming, protocol: Protocol, method: str = "GET") -> None:
    async def main() -> None:
        application = RsgiApplication({}, page, EnvironReader(()), Fibers())
        application.__rsgi_init__(asyncio.get_running_loop())
        await application.__rsgi__(Scope(method, "/page"), protocol)

    asyncio.run(main())


def test_answer_in_pieces_leaves_piece_by_piece_each_made_in_a_fiber() -> None:
    page, protocol = Streaming(), Protocol()
    stream(page, protocol)
    assert protocol.sent == [b"0", b"1", b"2"]
    assert protocol.answer[0] == 200
    assert page.made == [True] * 3
    assert page.is_closed


def test_client_that_went_away_ends_the_making_of_pieces() -> None:
    page, protocol = Streaming(), Protocol()
    protocol.gone_after = 1
    with pytest.raises(ConnectionError):
        stream(page, protocol)
    assert len(page.made) == 2
    assert page.is_closed


def test_head_of_an_answer_in_pieces_has_no_body() -> None:
    page, protocol = Streaming(), Protocol()
    stream(page, protocol, "HEAD")
    assert (protocol.sent, protocol.answer[2]) == ([], b"")
